package tcp_test

import (
	"bufio"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
)

// hasty is a receiver that reads a few records per connection and closes it.
type hasty struct {
	listener net.Listener
	closed   chan struct{} // a token for each connection that it has closed
	most     int           // records per connection, a random number from 1 on
	done     sync.WaitGroup

	mu   sync.Mutex
	seen map[string]int // guarded by mu
}

func listenHasty(t *testing.T, seed uint64, most int) *hasty {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hasty{listener: l, closed: make(chan struct{}, 1<<16), most: most, seen: map[string]int{}}
	h.done.Go(func() { h.serve(rand.New(rand.NewPCG(seed, 1))) })
	t.Cleanup(func() {
		l.Close()
		h.done.Wait()
	})
	return h
}

func (h *hasty) serve(rng *rand.Rand) {
	for {
		c, err := h.listener.Accept()
		if err != nil {
			return
		}
		r := bufio.NewReader(c)
		for range 1 + rng.IntN(h.most) {
			line, err := r.ReadString('\n')
			if err != nil {
				break
			}
			number, _, _ := strings.Cut(line, " ")
			h.mu.Lock()
			h.seen[number]++
			h.mu.Unlock()
		}
		c.Close()
		h.closed <- struct{}{}
	}
}

func (h *hasty) has(n string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen[n] > 0
}

// TestFirstWriteAfterEndOfFile is T28 (and I60): the receiver has closed the
// connection while it was idle for so long that nothing is held any more. The
// first Send afterwards must not go into the void: the end of file is seen
// before the write, and the record goes over a new connection at once.
func TestFirstWriteAfterEndOfFile(t *testing.T) {
	h := listenHasty(t, 0, 1)
	w := open(t, tcp.Destination{Addr: h.listener.Addr().String(), Encoder: padded{20}})
	trials := 1000
	for i := range trials {
		if err := w.step(t.Context(), 1); err != nil {
			t.Fatalf("trial %d: %v", i, err)
		}
		<-h.closed
		w.told()
		// Five minutes later: the poll found the connection quiet and up. It
		// is not up here any more, so what the poll did is done by hand.
		forget(w)
	}
	lost := 0
	for i := range trials {
		if !h.has(strconv.Itoa(i)) {
			lost++
		}
	}
	if lost > 0 || w.dups > 0 {
		t.Errorf("%d trials: lost %d, repeats %d", trials, lost, w.dups)
	}
}

// forget makes the transport let go of what it holds, as ten seconds of quiet
// would have before the receiver closed.
func forget(w *worker) {
	tcp.Settle(w.tr)
	w.held()
}

// The same with a receiver that closes at any moment, also with records unread
// in its program's memory: what the probe cannot see, because the end of file
// comes later, the window covers.
func TestWriteRacingEndOfFile(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	h := listenHasty(t, seed, 30_000)
	w := open(t, tcp.Destination{Addr: h.listener.Addr().String(), Encoder: padded{1023}})
	target := 50_000
	if nightly() {
		target = 2_000_000
	}
	resends := 0
	for end := time.Now().Add(5 * time.Minute); w.next < target && time.Now().Before(end); {
		if transport.Classify(w.step(t.Context(), 1+rng.IntN(1000)), 1).Resend > 0 {
			resends++
		}
	}
	// A worker at rest polls until nothing is held.
	for end := time.Now().Add(time.Minute); w.kept < target && time.Now().Before(end); {
		w.step(t.Context(), 1000)
	}
	lost := 0
	for i := range target {
		if !h.has(strconv.Itoa(i)) {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("lost %d of %d", lost, target)
	}
	if resends == 0 {
		t.Errorf("no write met an end of file that came later: the test is too kind")
	}
	t.Logf("%d records, %d resends, %d repeats", target, resends, w.dups)
}

// A receiver that closes idle connections sooner than a quiet one is let go
// gets nothing twice.
func TestReceiverThatClosesIdleConnections(t *testing.T) {
	r := listen(t, &receiver{})
	w := open(t, tcp.Destination{Addr: r.addr()})
	for i := range 3 {
		if err := w.step(t.Context(), 2); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		r.complete(w.next)
		tcp.Rest(w.tr, 2*time.Second)
		if held := w.held(); held != 2 {
			t.Fatalf("%d records are held, want 2", held)
		}
		r.conn(i).(*net.TCPConn).CloseWrite()
		w.told()
	}
	if r.repeats() != 0 || w.dups != 0 || r.count() != 3 {
		t.Errorf("%d repeats, %d asked for again, %d connections", r.repeats(), w.dups, r.count())
	}
	// A reset is another matter.
	if err := w.step(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	r.complete(w.next)
	tcp.Rest(w.tr, 2*time.Second)
	w.held()
	r.conn(3).(*net.TCPConn).SetLinger(0)
	r.conn(3).Close()
	if held := w.held(); held != 2 {
		t.Errorf("%d records are held after a reset, want 2", held)
	}
}
