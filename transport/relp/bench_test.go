package relp_test

import (
	"bufio"
	"net"
	"strconv"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
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
	tr := testkit.Open(b, relp.Destination{Addr: testkit.Listen(b, take), Encoder: encode.RFC5424{}})
	recs := numbered(1000)
	b.ReportAllocs()
	for b.Loop() {
		if err := tr.Send(b.Context(), recs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(recs))/b.Elapsed().Seconds(), "records/s")
}
