package https_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/netfault"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/https"
)

// worker plays the delivery worker: the same batch until it is accepted.
type worker struct {
	t        testing.TB
	tr       transport.Transport
	timeout  time.Duration // SendTimeout
	failures int
}

func (w *worker) deliver(first, n int) {
	w.t.Helper()
	for start := time.Now(); ; w.failures++ {
		ctx, cancel := context.WithTimeout(w.t.Context(), w.timeout)
		err := w.tr.Send(ctx, batch(first, n))
		cancel()
		if err == nil {
			return
		}
		if out := transport.Classify(err, n); out != (transport.Outcome{}) {
			w.t.Fatalf("a network's fault is taken for %+v: %v", out, err)
		}
		if time.Since(start) > 30*time.Second {
			w.t.Fatalf("still failing after 30 s: %v", err)
		}
		time.Sleep(2 * time.Millisecond) // the worker's backoff
	}
}

// TestNetworkFaults is T26: under each fault nothing that was acknowledged is
// missing, Send returns when its ctx is done, and after the fault the very next
// batches go through.
func TestNetworkFaults(t *testing.T) {
	faults := map[string]netfault.Fault{
		"black hole":    {BlackHole: true},
		"half open":     {HalfOpen: true},
		"1-byte slices": {Slice: 1},
		"1 KB/s":        {Rate: 1000},
		"reset":         {ResetAfter: 3000},
		"reset early":   {ResetAfter: 1},
		"slow close":    {SlowClose: 50 * time.Millisecond},
		"latency":       {Latency: 5 * time.Millisecond},
	}
	for name, fault := range faults {
		for _, http1 := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " HTTP1 ", http1), func(t *testing.T) {
				t.Parallel()
				server := serveTolerant(t)
				proxy := netfault.New(t, server.Listener.Addr().String())
				d := server.destination()
				d.URL, d.HTTP1, d.Compression = "https://"+proxy.Addr(), http1, https.Uncompressed
				d.ConnectTimeout = time.Second
				w := &worker{t: t, tr: testkit.Open(t, d), timeout: 20 * time.Second}
				w.deliver(0, 50)
				proxy.Set(fault)
				underFault(t, w)
				proxy.Set(netfault.Fault{})
				healed := time.Now()
				w.deliver(50, 50)
				w.deliver(100, 50)
				if took := time.Since(healed); took > 15*time.Second { // a connection that is kept though it is dead takes a whole Send
					t.Errorf("it took %v to recover", took)
				}
				complete(t, server, 150)
			})
		}
	}
}

// underFault sends one batch with a short deadline: Send is back in time,
// whatever comes of it.
func underFault(t *testing.T, w *worker) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	_ = w.tr.Send(ctx, batch(50, 50)) // accepted or not: it goes again
	if late := time.Since(start) - 300*time.Millisecond; late > 5*time.Second {
		t.Errorf("Send came back %v after its deadline", late)
	}
}

// serveTolerant is serve for networks that tear requests apart.
func serveTolerant(t *testing.T) *receiver {
	var r *receiver
	r = serveRaw(t, func(w http.ResponseWriter, req *http.Request) {
		if err := r.take(req); err != nil {
			w.WriteHeader(http.StatusBadGateway) // torn: nothing was stored
		}
	})
	return r
}

// complete checks that each of n records is there, and returns how many times
// each is.
func complete(t *testing.T, r *receiver, n int) map[string]int {
	t.Helper()
	got, _ := r.taken()
	times := map[string]int{}
	for _, m := range got {
		times[m]++
	}
	for _, m := range messages(0, n) {
		if times[m] == 0 {
			t.Errorf("%s is lost", m)
		}
	}
	return times
}

// TestKilledInMidBatch is T27: the server is killed at each stage of a request,
// 100 times and in turn. What was acknowledged is there; no kill costs more than
// one batch twice.
func TestKilledInMidBatch(t *testing.T) {
	kills := 100
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		kills = 2000
	}
	for _, http1 := range []bool{true, false} {
		t.Run(fmt.Sprint("HTTP1 ", http1), func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			const size = 20
			k := &killer{random: rand.New(rand.NewPCG(seed, 0)), left: kills}
			server := serveRaw(t, nil)
			server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { k.handle(server, w, r) })
			k.proxy = netfault.New(t, server.Listener.Addr().String())
			d := server.destination()
			d.URL, d.HTTP1 = "https://"+k.proxy.Addr(), http1
			w := &worker{t: t, tr: testkit.Open(t, d), timeout: 10 * time.Second}
			sent := 0
			for ; k.remaining() > 0; sent += size {
				w.deliver(sent, size)
			}
			times := complete(t, server, sent)
			extra := 0
			for _, n := range times {
				extra += n - 1
			}
			if extra > kills*size {
				t.Errorf("%d duplicates for %d kills of batches of %d", extra, kills, size)
			}
			t.Logf("kills %d, records %d, lost 0, duplicates %d (at most %d), failed Sends %d", kills, sent, extra, kills*size, w.failures)
			if w.failures < kills*9/10 {
				t.Errorf("only %d Sends failed: kills missed, or Send tried again by itself", w.failures)
			}
		})
	}
}

// killer kills the way to the server while it handles every other request.
type killer struct {
	proxy *netfault.Proxy

	mu     sync.Mutex
	random *rand.Rand // guarded by mu
	left   int        // guarded by mu
	odd    bool       // guarded by mu
}

func (k *killer) remaining() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.left
}

// stage returns when to kill: 0 before the body was read, 1 before and 2 after it
// was stored, 3 not at all.
func (k *killer) stage() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.odd = !k.odd; k.odd || k.left == 0 {
		return 3
	}
	k.left--
	return k.random.IntN(3)
}

func (k *killer) handle(server *receiver, w http.ResponseWriter, r *http.Request) {
	stage := k.stage()
	if stage == 0 {
		k.kill()
	}
	if stage == 1 {
		k.kill()
		panic(http.ErrAbortHandler) // died before it stored anything
	}
	if err := server.take(r); err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if stage == 2 {
		k.kill()
	}
}

// kill drops every connection and comes back at once, as a supervisor restarts.
func (k *killer) kill() {
	k.proxy.Kill()
	k.proxy.Revive()
}

// TestInFlight: with MaxInFlight 8 the server has eight requests at a time before
// it answers the first.
func TestInFlight(t *testing.T) {
	for _, http1 := range []bool{true, false} {
		var mu sync.Mutex
		running, most := 0, 0
		all := make(chan bool) // closed when eight are under way
		server := serve(t, func(http.ResponseWriter, *http.Request) {
			mu.Lock()
			if running++; running > most {
				if most = running; most == 8 {
					close(all)
				}
			}
			mu.Unlock()
			select {
			case <-all:
			case <-time.After(10 * time.Second):
			}
			mu.Lock()
			running--
			mu.Unlock()
		})
		d := server.destination()
		d.HTTP1, d.MaxInFlight = http1, 8
		tr := testkit.Open(t, d)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() { testkit.Deliver(t, tr, batch(i*10, 10)) })
		}
		wg.Wait()
		got, _ := server.taken()
		slices.Sort(got)
		if got = slices.Compact(got); most != 8 || len(got) != 80 {
			t.Errorf("HTTP1 %v: %d requests at once, want 8; %d records, want 80", http1, most, len(got))
		}
	}
}
