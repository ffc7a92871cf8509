package kafka_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/slogship/slogship/transport/kafka"
	"github.com/slogship/slogship/transport/transporttest"
)

// What listens at the port is no Kafka broker, or a hostile one: a plain error,
// at once, and no memory to speak of (as S18 and CVE-2026-39882 have it for HTTP).
func TestNoBroker(t *testing.T) {
	huge := binary.BigEndian.AppendUint32(nil, 1<<31-1)
	array := frame(append([]byte{0, 0, 0, 1, 0, 0}, 0x7f, 0xff, 0xff, 0xff))
	for name, says := range map[string][]byte{
		"HTTP":           []byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
		"a huge answer":  append(huge, 0, 0, 0, 1),
		"a huge array":   array,
		"another number": frame([]byte{0, 0, 0, 2, 0, 0, 0, 0, 0, 0}),
		"nothing in it":  frame([]byte{0, 0, 0, 1}),
		"an error":       frame([]byte{0, 0, 0, 1, 0, 35, 0, 0, 0, 0}),
		"no versions":    frame([]byte{0, 0, 0, 1, 0, 0, 0, 0, 0, 0}),
		"negative":       {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1},
	} {
		addr := transporttest.ServeTCP(t, &transporttest.Peer{}, func(c net.Conn) {
			if _, err := readFrame(c); err == nil {
				c.Write(says)
				io.Copy(io.Discard, c)
			}
		})
		tr := open(t, kafka.Destination{Brokers: []string{addr}})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := tr.Send(within(t), recordsOf("one"))
		runtime.ReadMemStats(&after)
		wantPlain(t, err, 1)
		if name != "an error" && name != "no versions" && !errors.Is(err, kafka.ErrAnswer) || name == "no versions" && !errors.Is(err, kafka.ErrVersion) {
			t.Errorf("%s: %v", name, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
			t.Errorf("%s: %d bytes were allocated", name, grown)
		}
	}
}
