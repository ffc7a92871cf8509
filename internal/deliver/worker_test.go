package deliver

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/transport"
)

func TestIdleWorkerSendsAtOnce(t *testing.T) {
	f := &fake{}
	bubble(t, f, func(r *rig) {
		synctest.Wait()
		start := time.Now()
		r.log(1)
		synctest.Wait()
		wantInts(t, "received", f.received(), seq(1, 1))
		wantEqual(t, "time until sent", f.calls()[0].at.Sub(start), 0)
		wantEqual(t, "acked", r.acked(), 1)
		f.do(func() { wantEqual(t, "route in ctx", f.routes["main"], true) })
	})
	wantEqual(t, "transport closed", f.closes, 1)
}

func TestBusyWorkerTakesWhatHasCome(t *testing.T) {
	f := &fake{took: time.Second}
	bubble(t, f, func(r *rig) {
		r.log(1)
		synctest.Wait() // the first is on its way
		r.log(3)
		time.Sleep(500 * time.Millisecond)
		r.log(5) // also into the second Send, though the worker has read ahead
		time.Sleep(10 * time.Second)
		wantInts(t, "batch sizes", f.sizes(), []int{1, 8})
		wantInts(t, "received", f.received(), seq(1, 9))
	})
}

func TestBatchesKeepToTheLimits(t *testing.T) {
	f := &fake{desc: transport.Description{MaxRecords: 10}}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.log(25)
		r.start()
		synctest.Wait()
		wantInts(t, "batch sizes", f.sizes(), []int{10, 10, 5})
		r.mustClose()
	})
}

func TestBatchesKeepToBytes(t *testing.T) {
	const limit = 4000
	f := &fake{desc: transport.Description{MaxBytes: limit}, took: time.Second}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		sizes := make(map[int]int)
		log := func(n int) {
			r.append(r.next, time.Now(), string(make([]byte, n)))
			sizes[r.next] = n // the payload is a little larger
			r.next++
		}
		log(9000) // too large for any batch, so it goes alone
		for range 50 {
			log(300)
		}
		r.start()
		synctest.Wait()
		for range 20 { // tops up a batch that was read ahead, and overshoots
			log(100)
			log(2500)
		}
		time.Sleep(time.Hour)
		wantInts(t, "received", f.received(), seq(1, 91))
		for i, s := range f.calls() {
			sum := 0
			for _, n := range s.seq {
				sum += sizes[n]
			}
			if sum > limit && len(s.seq) > 1 {
				t.Errorf("send %d has %d records and %d bytes", i, len(s.seq), sum)
			}
		}
		if n := len(f.calls()); n > 45 {
			t.Errorf("%d sends: batches are not filled", n)
		}
		r.mustClose()
	})
}

func TestLingerOnlyWhenIdle(t *testing.T) {
	f := &fake{desc: transport.Description{Linger: time.Second}, took: 10 * time.Second}
	bubble(t, f, func(r *rig) {
		synctest.Wait()
		start := time.Now()
		r.log(1)
		time.Sleep(500 * time.Millisecond)
		r.log(1)
		time.Sleep(time.Second) // the first two are on their way
		r.log(2)
		time.Sleep(30 * time.Second)
		calls := f.calls()
		wantInts(t, "batch sizes", f.sizes(), []int{2, 2})
		wantEqual(t, "first send", calls[0].at.Sub(start), time.Second)
		wantEqual(t, "a busy worker does not linger", calls[1].at.Sub(start), 11*time.Second)
	})
}

func TestLingerEndsWhenTheBatchIsFull(t *testing.T) {
	f := &fake{desc: transport.Description{Linger: time.Hour, MaxRecords: 10}}
	bubble(t, f, func(r *rig) {
		r.log(1)
		synctest.Wait()
		r.log(9)
		time.Sleep(10 * time.Minute)
		wantInts(t, "batch sizes", f.sizes(), []int{10})
		r.log(1) // and Close does not linger either
	})
	wantInts(t, "batch sizes", f.sizes(), []int{10, 1})
}

// A healthy route at rest sets no timer and keeps two goroutines.
func TestRestCostsNothing(t *testing.T) {
	f := &fake{desc: transport.Description{MaxInFlight: 8, MaxRecords: 1}, took: time.Second}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		before := runtime.NumGoroutine()
		r.start()
		r.log(100)
		time.Sleep(time.Minute)
		wantEqual(t, "sends at one time", f.mostAtOnce(), 8)
		synctest.Wait()
		if n := settled(before+2) - before; n > 2 {
			t.Errorf("%d goroutines at rest, want 2", n)
		}
		wantEqual(t, "of them lanes", len(r.worker.lanes), 1)
		p := r.worker.plan(time.Now()) // at rest: the bubble is blocked
		wantEqual(t, "planned", p.step, none)
		r.mustClose()
	})
}

// settled returns the number of goroutines, once it is at most that. One that has
// ended is counted until the scheduler has put it away, and that may be after
// synctest.Wait took it for gone: seen on a busy machine. Time stands still in
// a bubble, so what bounds this is a number of turns, about a second of them.
func settled(most int) int {
	for range 5_000_000 {
		if runtime.NumGoroutine() <= most {
			break
		}
		runtime.Gosched()
	}
	return runtime.NumGoroutine()
}

// T39 (lost wake-up): one record after idle, 10,000 rounds on real time. Each
// round is a hand-over in both directions, so it meets every interleaving of
// append, Arm and sleep that the scheduler has.
func TestNoLostWakeUp(t *testing.T) {
	arrived := make(chan int, 1)
	f := &fake{reply: func(_ int, recs []encode.Record) error {
		arrived <- seqOf(&recs[0])
		return nil
	}}
	r := newRig(t, f)
	r.start()
	for round := range 10_000 {
		n := r.log(1)
		select {
		case got := <-arrived:
			if got != n {
				t.Fatalf("round %d: got record %d, want %d", round, got, n)
			}
		case <-time.After(time.Minute): // no machine is that busy
			t.Fatalf("round %d: the worker sleeps over a record", round)
		}
		if round%3 == 0 { // sometimes let it fall asleep, sometimes race it
			runtime.Gosched()
		}
	}
	r.mustClose()
}

// T42: per producer, inversions 0, with one batch in flight.
func TestOrderOfManyProducers(t *testing.T) {
	f := &fake{desc: transport.Description{MaxRecords: 7}}
	fails := 0
	f.reply = func(call int, recs []encode.Record) error {
		if call%5 == 3 && fails < 50 {
			fails++
			return errDown
		}
		return nil
	}
	r := newRig(t, f)
	r.opts.InitialInterval = time.Microsecond
	r.opts.MaxInterval = time.Microsecond
	r.start()
	const producers, each = 8, 500
	var group sync.WaitGroup
	for p := range producers {
		group.Go(func() {
			for i := range each {
				r.append(p*each+i, time.Now(), "x")
			}
		})
	}
	group.Wait()
	r.mustClose()
	last := make(map[int]int)
	for _, n := range f.received() {
		if p := n / each; n%each < last[p] {
			t.Fatalf("producer %d: %d after %d", p, n%each, last[p])
		} else {
			last[p] = n % each
		}
	}
	wantEqual(t, "received", len(f.received()), producers*each)
}

// A batch's memory is used again: what a Send got must be right while it runs.
func TestRecordsAreWhatWasLogged(t *testing.T) {
	var bad []string
	f := &fake{desc: transport.Description{MaxRecords: 3}}
	f.reply = func(_ int, recs []encode.Record) error {
		for i := range recs {
			n := seqOf(&recs[i])
			if recs[i].Message != fmt.Sprintf("record %d", n) || recs[i].Attrs[0].Value.Int64() != int64(n) ||
				recs[i].Resource == nil || recs[i].Resource.Service != "shop" {
				bad = append(bad, fmt.Sprintf("%d: %+v", n, recs[i]))
			}
		}
		return nil
	}
	bubble(t, f, func(r *rig) {
		for range 100 {
			r.log(7)
			synctest.Wait()
		}
	})
	if len(bad) > 0 {
		t.Errorf("%d records were not what was logged, the first: %s", len(bad), bad[0])
	}
}

func TestManyInFlight(t *testing.T) {
	f := &fake{desc: transport.Description{MaxRecords: 10, MaxInFlight: 4}, took: time.Second}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.log(200)
		start := time.Now()
		r.start()
		time.Sleep(time.Minute)
		wantEqual(t, "sends at one time", f.mostAtOnce(), 4)
		last := f.calls()[19].at.Sub(start)
		wantEqual(t, "start of the last send", last, 4*time.Second)
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 200)
		r.mustClose()
	})
}

// One batch that is retried does not stop the others, but the cursor stays a
// prefix, and no more than MaxInFlight batches are beyond it.
func TestOneRetryDoesNotStopOthers(t *testing.T) {
	f := &fake{desc: transport.Description{MaxRecords: 10, MaxInFlight: 3}, took: time.Second}
	var down sync.Map
	down.Store("down", true)
	f.reply = func(_ int, recs []encode.Record) error {
		if v, _ := down.Load("down"); v == true && has(recs, 1) {
			return errDown
		}
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.opts.MaxInterval = 100 * time.Millisecond
		r.log(100)
		r.start()
		time.Sleep(4500 * time.Millisecond)
		got := f.received()
		slices.Sort(got)
		wantInts(t, "received past the stuck batch", got, seq(11, 30))
		wantEqual(t, "acked", r.acked(), 0)
		down.Store("down", false)
		time.Sleep(time.Minute)
		wantEqual(t, "acked", r.acked(), 100)
		wantEqual(t, "received", len(f.received()), 100)
		r.mustClose()
	})
}

// With several in flight, a trickle still makes batches: a second Send starts
// beside a running one only with a full batch, or after a moment.
func TestTrickleWithManyInFlight(t *testing.T) {
	f := &fake{desc: transport.Description{MaxInFlight: 8}, took: time.Second}
	bubble(t, f, func(r *rig) {
		for range 100 {
			r.log(1)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Minute)
		if n := len(f.sizes()); n > 8 || n < 4 {
			t.Errorf("%d sends for 100 records in 100 ms: %v", n, f.sizes())
		}
		for _, s := range f.calls()[:1] {
			wantEqual(t, "the first goes alone and at once", len(s.seq), 1)
		}
	})
	wantInts(t, "received", f.received(), seq(1, 100))
}

// A Send that ends does not push out the few records that have come since the
// last one began: they get their moment to become a batch.
func TestPartialBatchesAreSpaced(t *testing.T) {
	f := &fake{desc: transport.Description{MaxInFlight: 2}, took: time.Second}
	bubble(t, f, func(r *rig) {
		synctest.Wait()
		start := time.Now()
		r.log(1)
		time.Sleep(995 * time.Millisecond)
		r.log(1)
		synctest.Wait()
		r.log(1)
		time.Sleep(time.Minute)
		calls := f.calls()
		wantEqual(t, "the second", calls[1].at.Sub(start), 995*time.Millisecond)
		wantEqual(t, "the third", calls[2].at.Sub(start), 995*time.Millisecond+patience)
	})
}

// T40: a dead route costs the others nothing: they share nothing.
func TestRoutesAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := make(chan struct{})
		dead := &direct{send: func(context.Context) error { <-hangs; return errDown }}
		live := &fake{}
		a, b := newRig(t, dead), newRig(t, live)
		a.start()
		b.start()
		for range 60 {
			a.log(10)
			b.log(10)
			time.Sleep(time.Minute)
		}
		wantEqual(t, "delivered by the living route", b.worker.Stats().Delivered, 600)
		wantEqual(t, "delivered by the dead route", a.worker.Stats().Delivered, 0)
		b.mustClose()
		wantEqual(t, "Close abandoned the dead one", a.close(time.Second) != nil, true)
		close(hangs) // and its lane ends when the Send does
	})
}

// A source that panics once costs a second, not the route.
func TestPanickingSource(t *testing.T) {
	f := &fake{}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.opts.Buffer = &shaky{Source: r.buf}
		r.start()
		r.log(5)
		time.Sleep(10 * time.Second)
		wantInts(t, "received", f.received(), seq(1, 5))
		wantEqual(t, "told", r.told(ErrPanic), 1)
		r.mustClose()
	})
}

// shaky panics in its second read.
type shaky struct {
	Source
	reads int
}

func (s *shaky) Next(c *buffer.Chunk, records, bytes int) int {
	if s.reads++; s.reads == 2 {
		panic("page is gone")
	}
	return s.Source.Next(c, records, bytes)
}

// A source that always panics is left alone at Close.
func TestBrokenSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		r := newRig(t, f)
		r.opts.Buffer = broken{r.buf}
		r.start()
		time.Sleep(10 * time.Second)
		if n := r.told(ErrPanic); n < 9 || n > 12 {
			t.Errorf("%d panics in 10 s: want one a second", n)
		}
		err := r.close(time.Minute)
		wantEqual(t, "Close tells", err != nil, true)
		wantEqual(t, "transport closed", f.closes, 1)
	})
}

type broken struct{ Source }

func (broken) Next(*buffer.Chunk, int, int) int { panic("page is gone") }

func TestRouteOf(t *testing.T) {
	wantEqual(t, "without mark", RouteOf(context.Background()), "")
	wantEqual(t, "with mark", RouteOf(WithRoute(context.Background(), "audit")), "audit")
}
