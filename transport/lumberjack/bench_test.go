package lumberjack_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"testing"

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
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go take(c)
				}
			}()
			tr, err := lumberjack.Destination{Addrs: []string{l.Addr().String()}, Compression: how}.Open()
			if err != nil {
				b.Fatal(err)
			}
			defer tr.Close()
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
