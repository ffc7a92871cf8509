package amqp

import (
	"encoding/binary"
	"errors"
	"testing"
)

// Confirms are seen wherever the connection cuts the bytes, and nothing else is
// taken for one.
func TestGuard(t *testing.T) {
	frame := func(kind byte, payload ...byte) []byte {
		return append(append(binary.BigEndian.AppendUint32([]byte{kind, 0, 1}, uint32(len(payload))), payload...), 0xCE)
	}
	confirm := func(method byte, tag uint64) []byte {
		return append(binary.BigEndian.AppendUint64([]byte{0, 60, 0, method}, tag), 1)
	}
	var good []byte
	for _, f := range [][]byte{
		frame(8), frame(1, 0, 60, 0, 50), frame(1, confirm(80, 7)...), frame(3, confirm(80, 99)...), frame(1, confirm(81, 99)...),
		frame(1, append([]byte{0, 85}, confirm(80, 99)[2:]...)...), frame(3, make([]byte, 1000)...), frame(1, confirm(120, 1)...),
	} {
		good = append(good, f...)
	}
	for _, end := range []struct {
		bytes []byte
		want  error
	}{{nil, nil}, {frame(1, confirm(80, 8)...), errTag}, {frame(1, confirm(120, 1<<63)...), errTag},
		{frame(8, 0), errLength}, {frame(1, 0, 60), errLength}, {frame(1, append(confirm(80, 1), 0)...), errLength},
		{append([]byte{1, 0, 1, 0, 0, 0, 0}, confirm(80, 1<<63)...), errLength}, // a confirm behind a length of nothing
	} {
		all := append(append([]byte(nil), good...), end.bytes...)
		for step := 1; step <= len(all); step += 1 + step/8 {
			g := guard{}
			g.published.Store(7)
			var err error
			for at := 0; at < len(all) && err == nil; at += step {
				err = g.check(all[at:min(at+step, len(all))])
			}
			if !errors.Is(err, end.want) {
				t.Fatalf("in steps of %d: %v, want %v", step, err, end.want)
			}
		}
	}
}
