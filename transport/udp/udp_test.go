package udp_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/netfault"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/transporttest"
	"github.com/slogship/slogship/transport/udp"
)

func listen(t testing.TB, network, addr string) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestConformance(t *testing.T) {
	t.Run("udp", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				conn := listen(t, "udp", "127.0.0.1:0")
				testkit.Datagrams(t, conn, func(s string) { p.Received(s) })
				return udp.Destination{Addr: conn.LocalAddr().String()}
			},
			Message:     testkit.JSONMessage,
			Unreachable: udp.Destination{Addr: vacant(t)},
			Invalid:     invalid(),
		})
	})
	t.Run("chunks", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				conn := listen(t, "udp", "127.0.0.1:0")
				a := &assembler{t: t, done: func(s string) { p.Received(s) }}
				testkit.Datagrams(t, conn, a.take)
				return udp.Destination{Addr: conn.LocalAddr().String(), Chunks: udp.GELF, MaxDatagram: 600}
			},
			Message:     testkit.JSONMessage,
			Unreachable: udp.Destination{Addr: vacant(t), Chunks: udp.GELF},
		})
	})
	t.Run("unixgram", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("no local datagram sockets")
		}
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				path := filepath.Join(t.TempDir(), "s")
				testkit.Datagrams(t, listen(t, "unixgram", path), func(s string) { p.Received(s) })
				return udp.Destination{Network: "unixgram", Addr: path}
			},
			Message:     testkit.JSONMessage,
			Unreachable: udp.Destination{Network: "unixgram", Addr: filepath.Join(t.TempDir(), "none")},
		})
	})
}

// vacant is an address where nobody receives: where there is one, of those that no
// other test on this machine takes a port of.
func vacant(t testing.TB) string {
	t.Helper()
	addr := "127.0.0.1:0"
	if runtime.GOOS == "linux" { // it has all of 127.0.0.0/8
		addr = "127.93.0.1:0"
	}
	conn := listen(t, "udp", addr)
	defer conn.Close()
	return conn.LocalAddr().String()
}

func invalid() []transport.Destination {
	const addr = "127.0.0.1:514"
	return []transport.Destination{
		udp.Destination{},
		udp.Destination{Addr: "host"},
		udp.Destination{Addr: ":514"},
		udp.Destination{Addr: addr, Network: "tcp"},
		udp.Destination{Network: "unixgram"},
		udp.Destination{Addr: addr, MaxDatagram: -1},
		udp.Destination{Addr: addr, MaxDatagram: udp.DefaultMaxDatagram + 1},
		udp.Destination{Addr: addr, Oversize: 2},
		udp.Destination{Addr: addr, SendBuffer: -1},
		udp.Destination{Addr: addr, Encoder: encode.JSONLines{Keys: encode.Keys{Level: "msg"}}},
	}
}

func TestOpenErrors(t *testing.T) {
	if _, err := (udp.Destination{Addr: "h:1", MaxDatagram: -1}).Open(); !errors.Is(err, udp.ErrConfig) {
		t.Errorf("want ErrConfig, got %v", err)
	}
}

// raw is an encoder whose output is the message.
type raw struct{}

func (raw) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	return append(dst, rec.Message...), nil
}
func (raw) ContentType() string { return "text/plain" }

func records(messages ...string) []encode.Record {
	recs := make([]encode.Record, len(messages))
	for i, m := range messages {
		recs[i] = encode.Record{Message: m}
	}
	return recs
}

func open(t *testing.T, d udp.Destination) transport.Transport {
	t.Helper()
	if d.Encoder == nil {
		d.Encoder = raw{}
	}
	return testkit.Open(t, d)
}

// inbox gathers what has arrived.
type inbox struct {
	mu   sync.Mutex
	all  []string        // guarded by mu
	seen map[string]bool // guarded by mu
	more chan struct{}   // has room for one
}

func newInbox() *inbox { return &inbox{seen: map[string]bool{}, more: make(chan struct{}, 1)} }

func (b *inbox) take(s string) {
	b.mu.Lock()
	b.all = append(b.all, s)
	b.seen[s] = true
	b.mu.Unlock()
	select {
	case b.more <- struct{}{}:
	default:
	}
}

// wait waits until enough of what has arrived satisfies the test.
func (b *inbox) wait(t *testing.T, what string, enough func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		b.mu.Lock()
		ok := enough()
		b.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-b.more:
		case <-late:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// A record that is too long is refused for itself, or cut where a character
// ends; its neighbours are sent.
func TestOversize(t *testing.T) {
	long := strings.Repeat("é", 50) // 100 bytes
	for _, c := range []struct {
		policy udp.Oversize
		size   int
		want   string // "" for refused
	}{
		{udp.Refuse, 99, ""},
		{udp.Refuse, 100, long},
		{udp.Truncate, 100, long},
		{udp.Truncate, 99, long[:98]},
		{udp.Truncate, 98, long[:98]},
		{udp.Truncate, 1, "\xc3"}, // there is no whole character
	} {
		conn, in := listen(t, "udp", "127.0.0.1:0"), newInbox()
		testkit.Datagrams(t, conn, in.take)
		tr := open(t, udp.Destination{Addr: conn.LocalAddr().String(), MaxDatagram: c.size, Oversize: c.policy})
		err := tr.Send(t.Context(), records("a", long, "b"))
		want := []string{"a", c.want, "b"}
		if c.want == "" {
			want = []string{"a", "b"}
			out := transport.Classify(err, 3)
			if out.Batch == nil || out.Batch.Errs[0] != nil || out.Batch.Errs[2] != nil ||
				!transport.Classify(out.Batch.Errs[1], 1).Permanent || !errors.Is(out.Batch.Errs[1], udp.ErrOversize) {
				t.Errorf("%v %d: got %v", c.policy, c.size, err)
			}
		} else if err != nil {
			t.Errorf("%v %d: %v", c.policy, c.size, err)
		}
		in.wait(t, "the datagrams", func() bool { return len(in.all) >= len(want) })
		got := slices.Sorted(slices.Values(in.all)) // a busy kernel may change their order, even on loopback
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("%v %d: got %q, want %q", c.policy, c.size, got, want)
		}
	}
}

// What the kernel says is too long is about the record, and is found out by
// asking it twice.
func TestKernelRefusesSize(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("limits differ")
	}
	path := filepath.Join(t.TempDir(), "s")
	in := newInbox()
	testkit.Datagrams(t, listen(t, "unixgram", path), in.take)
	tr := open(t, udp.Destination{Network: "unixgram", Addr: path, MaxDatagram: 1 << 20, SendBuffer: 20_000})
	err := tr.Send(t.Context(), records("a", strings.Repeat("x", 100_000), "b"))
	out := transport.Classify(err, 3)
	if out.Batch == nil || out.Batch.Errs[0] != nil || !transport.Classify(out.Batch.Errs[1], 1).Permanent || out.Batch.Errs[2] != nil {
		t.Fatalf("got %v", err)
	}
	in.wait(t, "both others", func() bool { return in.seen["a"] && in.seen["b"] })
}

// A receiver that is down on a host that is up: every record that was sent
// while it was away arrives when it is back, although each single Send may have
// returned nil. Both kinds of socket.
func TestReceiverDown(t *testing.T) {
	for _, network := range []string{"udp", "unixgram"} {
		t.Run(network, func(t *testing.T) {
			if runtime.GOOS == "windows" {
				t.Skip("a refusal is told with the next call only")
			}
			addr := filepath.Join(t.TempDir(), "s")
			if network == "udp" {
				addr = vacant(t)
			}
			tr := open(t, udp.Destination{Network: network, Addr: addr})
			holder := tr.(transport.Holder)
			next, kept, resends := 0, 0, 0
			step := func() {
				err := tr.Send(t.Context(), records(strconv.Itoa(next)))
				out := transport.Classify(err, 1)
				if err == nil {
					next++
				} else if out.Resend > 0 {
					next -= out.Resend
					resends++
				} else if out.Permanent || out.Batch != nil {
					t.Fatalf("condemned: %v", err)
				}
				kept = max(kept, next-holder.Held())
				if next < kept {
					t.Fatalf("asked for record %d; everything before %d was let go", next, kept)
				}
			}
			for range 200 {
				step()
			}
			if network == "udp" && resends == 0 {
				t.Errorf("no refusal was told")
			}
			in := newInbox()
			testkit.Datagrams(t, listen(t, network, addr), in.take)
			for next < 100 {
				step()
			}
			in.wait(t, "all records", func() bool {
				for i := range 100 {
					if !in.seen[strconv.Itoa(i)] {
						return false
					}
				}
				return true
			})
		})
	}
}

// A worker at rest polls Held and then Probe, and learns of a refusal without
// another record.
func TestRefusalWhileIdle(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a refusal is told with the next call only")
	}
	tr := open(t, udp.Destination{Addr: vacant(t)})
	if err := tr.Send(t.Context(), records("a")); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		held := tr.(transport.Holder).Held()
		if err := tr.(transport.Prober).Probe(t.Context()); err != nil {
			if n := transport.Classify(err, 1).Resend; n != 1 || held != 1 {
				t.Errorf("held %d, resend %d: %v", held, n, err)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatal("the refusal was not told")
		}
	}
}

// The receiver of a local socket that is removed and made again, as a daemon's
// restart does: the next Sends find the new one.
func TestSocketMadeAgain(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no local datagram sockets")
	}
	path, in := filepath.Join(t.TempDir(), "s"), newInbox()
	first := listen(t, "unixgram", path)
	tr := open(t, udp.Destination{Network: "unixgram", Addr: path})
	if err := tr.Send(t.Context(), records("a")); err != nil {
		t.Fatal(err)
	}
	first.Close()
	os.Remove(path)
	for range 2 {
		if err := tr.Send(t.Context(), records("b")); err == nil {
			t.Fatal("Send without a receiver succeeded")
		}
	}
	testkit.Datagrams(t, listen(t, "unixgram", path), in.take)
	if err := tr.Send(t.Context(), records("b")); err != nil {
		t.Fatal(err)
	}
	in.wait(t, "the record", func() bool { return in.seen["b"] })
}

// A full queue of a local receiver is waited for until ctx is done; what was
// sent by then is not sent again.
func TestFullLocalQueue(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no local datagram sockets")
	}
	path := filepath.Join(t.TempDir(), "s")
	conn := listen(t, "unixgram", path)
	defer conn.Close()
	tr := open(t, udp.Destination{Network: "unixgram", Addr: path})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	recs := make([]encode.Record, 5000)
	for i := range recs {
		recs[i].Message = strings.Repeat("x", 1000)
	}
	err := tr.Send(ctx, recs)
	out := transport.Classify(err, len(recs))
	if out.Batch == nil || out.Batch.Errs[0] != nil || out.Batch.Errs[len(recs)-1] == nil {
		t.Fatalf("want a BatchError with a sent beginning, got %v", err)
	}
	sent := 0
	for sent < len(recs) && out.Batch.Errs[sent] == nil {
		sent++
	}
	for _, child := range out.Batch.Errs[sent:] {
		if child == nil || transport.Classify(child, 1).Permanent {
			t.Fatalf("behind the first that was not sent: %v", child)
		}
	}
	if held := tr.(transport.Holder).Held(); held != sent {
		t.Errorf("held %d, sent %d", held, sent)
	}
}

// TestAddressChanges is T29: the name is resolved again from time to time and
// after errors; a socket whose address is still right stays.
func TestAddressChanges(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs all of 127.0.0.0/8")
	}
	first := listen(t, "udp", "127.0.0.2:0")
	_, port, _ := net.SplitHostPort(first.LocalAddr().String())
	in1, in2 := newInbox(), newInbox()
	testkit.Datagrams(t, first, in1.take)
	testkit.Datagrams(t, listen(t, "udp", "127.0.0.3:"+port), in2.take)
	dns := netfault.NewDNS(t, "127.0.0.2")
	tr := open(t, udp.Destination{
		Addr: net.JoinHostPort("logs.example", port), Resolver: dns.Resolver(), ResolveEvery: time.Nanosecond,
	})
	send := func(m string) {
		t.Helper()
		if err := tr.Send(t.Context(), records(m)); err != nil {
			t.Fatalf("%s: %v", m, err)
		}
	}
	send("a")
	send("b")
	in1.wait(t, "a and b", func() bool { return in1.seen["a"] && in1.seen["b"] })
	dns.Set() // no answer for a while: go on with what is known
	send("c")
	in1.wait(t, "c", func() bool { return in1.seen["c"] })
	dns.Set("127.0.0.3", "127.0.0.2") // still among them: stay
	send("d")
	in1.wait(t, "d", func() bool { return in1.seen["d"] })
	dns.Set("127.0.0.3")
	send("e")
	in2.wait(t, "e", func() bool { return in2.seen["e"] })
	if dns.Questions() < 4 {
		t.Errorf("%d questions for 5 Sends", dns.Questions())
	}
}

// Names are resolved every ResolveEvery and no more often.
func TestResolvesFromTimeToTime(t *testing.T) {
	conn := listen(t, "udp4", "127.0.0.1:0")
	testkit.Datagrams(t, conn, func(string) {})
	_, port, _ := net.SplitHostPort(conn.LocalAddr().String())
	dns := netfault.NewDNS(t, "127.0.0.1")
	tr := open(t, udp.Destination{Network: "udp4", Addr: "logs.example:" + port, Resolver: dns.Resolver()})
	for range 50 {
		if err := tr.Send(t.Context(), records("x")); err != nil {
			t.Fatal(err)
		}
	}
	if n := dns.Questions(); n != 1 {
		t.Errorf("%d questions within 30 s, want 1", n)
	}
}

// BenchmarkSend is a Send of 100 records of 250 bytes over loopback to a
// receiver that reads and discards.
func BenchmarkSend(b *testing.B) {
	conn := listen(b, "udp", "127.0.0.1:0").(*net.UDPConn)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 2048)
		for {
			if _, err := conn.Read(buf); err != nil {
				return
			}
		}
	}()
	defer func() {
		conn.Close()
		<-done
	}()
	tr, err := (udp.Destination{Addr: conn.LocalAddr().String(), Encoder: raw{}}).Open()
	if err != nil {
		b.Fatal(err)
	}
	defer tr.Close()
	messages := make([]string, 100)
	for i := range messages {
		messages[i] = strings.Repeat("x", 250)
	}
	recs := records(messages...)
	b.ReportAllocs()
	for b.Loop() {
		if err := tr.Send(b.Context(), recs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "records/s")
}
