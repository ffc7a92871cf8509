package lumberjack_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/lumberjack"
)

// take acknowledges windows without looking into them, on a goroutine of this
// process. With compression a window is one C frame.
func take(c net.Conn) {
	in := bufio.NewReaderSize(c, 256<<10)
	var h [6]byte
	for {
		if _, err := io.ReadFull(in, h[:]); err != nil {
			return
		}
		count := int(binary.BigEndian.Uint32(h[2:]))
		for range count {
			if _, err := io.ReadFull(in, h[:]); err != nil {
				return
			}
			size := binary.BigEndian.Uint32(h[2:])
			if h[1] == 'J' {
				var length [4]byte
				io.ReadFull(in, length[:])
				size = binary.BigEndian.Uint32(length[:])
			}
			if _, err := in.Discard(int(size)); err != nil {
				return
			}
			if h[1] == 'C' {
				break
			}
		}
		if ack(c, count) != nil {
			return
		}
	}
}

// BenchmarkSend is a window of 1,000 records over loopback.
func BenchmarkSend(b *testing.B) {
	for _, how := range []lumberjack.Compression{lumberjack.Zlib, lumberjack.Uncompressed} {
		b.Run(how.String(), func(b *testing.B) {
			tr := testkit.Open(b, lumberjack.Destination{Addrs: []string{testkit.Listen(b, take)}, Compression: how})
			recs := numbered(0, 1000)
			b.ReportAllocs()
			for b.Loop() {
				if err := tr.Send(b.Context(), recs); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*len(recs))/b.Elapsed().Seconds(), "records/s")
		})
	}
}
