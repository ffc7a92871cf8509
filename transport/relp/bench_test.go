package relp_test

import (
	"bufio"
	"net"
	"strconv"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/relp"
)

// take answers commands as fast as this machine can, on a goroutine of this
// process: what is measured is both ends.
func take(c net.Conn) {
	in, out := bufio.NewReaderSize(c, 256<<10), bufio.NewWriter(c)
	for {
		n, err := in.ReadString(' ')
		if err != nil {
			return
		}
		command, _ := in.ReadString(' ')
		length, _ := in.ReadString(' ')
		size, err := strconv.Atoi(length[:max(0, len(length)-1)])
		if err != nil {
			return // close
		}
		in.Discard(size + 1)
		if command == "open " {
			answerTo(out, n[:len(n)-1], serverOffers)
		} else {
			out.WriteString(n)
			out.WriteString("rsp 6 200 OK\n")
		}
		if in.Buffered() == 0 {
			out.Flush()
		}
	}
}

// BenchmarkSend is a batch of 1,000 records as RFC 5424 over loopback.
func BenchmarkSend(b *testing.B) {
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
	tr, err := relp.Destination{Addr: l.Addr().String(), Encoder: encode.RFC5424{}}.Open()
	if err != nil {
		b.Fatal(err)
	}
	defer tr.Close()
	recs := numbered(1000)
	b.ReportAllocs()
	for b.Loop() {
		if err := tr.Send(b.Context(), recs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(recs))/b.Elapsed().Seconds(), "records/s")
}
