package tcp_test

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// batch is what the delivery worker hands over when it is busy: 1,000 records
// with the attributes of DESIGN §6.
func batch() []encode.Record {
	recs := make([]encode.Record, 1000)
	resource := &encode.Resource{Service: "shop", Version: "1.2.3", Environment: "prod", Instance: "a1", Host: "host", PID: 4711}
	for i := range recs {
		recs[i] = encode.Record{
			ID: encode.ID{1, 2, 3, byte(i >> 8), byte(i)}, Time: time.Unix(1_800_000_000, int64(i)*1000), Level: slog.LevelInfo,
			Message: "request served", Resource: resource,
			Attrs: []slog.Attr{
				slog.String("method", "GET"), slog.String("path", "/orders/1234"), slog.String("remote", "192.0.2.17"),
				slog.Int("status", 200), slog.Int("bytes", 5120), slog.Duration("took", 1500*time.Microsecond),
				slog.Bool("cached", false), slog.Any("err", &encode.Error{Type: "*errors.errorString", Message: "none"}),
			},
		}
	}
	return recs
}

// BenchmarkSend is a Send of 1,000 records over loopback to a receiver that
// reads and discards, in the same process. records/s is of both ends together.
func BenchmarkSend(b *testing.B) {
	ca := testpki.New(b, "ours")
	secure := &tlsconfig.Options{CAFile: testpki.File(b, b.TempDir(), "ca", ca.PEM)}
	for _, c := range []struct {
		name string
		d    tcp.Destination
	}{
		{"JSON lines", tcp.Destination{}},
		{"JSON octet-counted", tcp.Destination{Framing: tcp.OctetCounted}},
		{"JSON lines over TLS", tcp.Destination{TLS: secure}},
		{"250 bytes without encoding", tcp.Destination{Encoder: padded{250}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			if c.d.TLS != nil {
				l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}})
			}
			go func() {
				conn, err := l.Accept()
				if err == nil {
					buf := make([]byte, 256<<10)
					for err == nil {
						_, err = conn.Read(buf)
					}
					conn.Close()
				}
			}()
			c.d.Addr = l.Addr().String()
			tr, err := c.d.Open()
			if err != nil {
				b.Fatal(err)
			}
			recs, size := batch(), 0
			if c.d.Encoder == nil {
				for i := range recs {
					line, _ := encode.JSONLines{}.AppendRecord(nil, &recs[i])
					size += len(line) + 1
				}
				b.SetBytes(int64(size))
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := tr.Send(b.Context(), recs); err != nil {
					b.Fatal(err)
				}
				tr.(transport.Holder).Held()
			}
			b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "records/s")
			b.StopTimer()
			tr.Close()
		})
	}
}

// A Send allocates next to nothing, whatever the number of records (the budget
// per record is 0): what ctx needs to be able to end the wait.
func TestSendAllocations(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if conn, err := l.Accept(); err == nil {
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	tr, err := (tcp.Destination{Addr: l.Addr().String(), Encoder: padded{250}}).Open()
	if err != nil {
		t.Fatal(err)
	}
	recs := batch()
	send := func() {
		if err := tr.Send(t.Context(), recs); err != nil {
			t.Fatal(err)
		}
		tr.(transport.Holder).Held()
	}
	for range 20 {
		send()
	}
	if got := testing.AllocsPerRun(50, send); got > 8 {
		t.Errorf("%.0f allocations for a Send of 1,000 records, want at most 8", got)
	}
	tr.Close()
	l.Close()
	<-done
}
