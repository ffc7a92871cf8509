package deliver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

func TestBreakerOpensAndCloses(t *testing.T) {
	down := true
	f := &fake{}
	f.reply = func(int, []encode.Record) error {
		if down {
			return errDown
		}
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.log(10)
		r.start()
		for len(f.calls()) < openAfter {
			wantEqual(t, "breaker before", r.worker.Stats().Breaker, "closed")
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		wantEqual(t, "breaker", r.worker.Stats().Breaker, "open")
		wantEqual(t, "failures", len(f.calls()), openAfter)
		f.do(func() { f.took = time.Second })
		time.Sleep(time.Hour)
		seenHalfOpen := false
		for range 600 {
			seenHalfOpen = seenHalfOpen || r.worker.Stats().Breaker == "half-open"
			time.Sleep(100 * time.Millisecond)
		}
		wantEqual(t, "half-open while it tries", seenHalfOpen, true)
		f.do(func() { down = false })
		time.Sleep(time.Minute)
		wantEqual(t, "breaker after", r.worker.Stats().Breaker, "closed")
		wantInts(t, "received", f.received(), seq(1, 10))
		r.mustClose()
	})
}

// An open breaker stops all but one of the Sends in flight.
func TestBreakerStopsAll(t *testing.T) {
	f := &fake{desc: transport.Description{MaxRecords: 1, MaxInFlight: 4}, took: time.Second}
	f.reply = func(int, []encode.Record) error { return errDown }
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.log(100)
		r.start()
		time.Sleep(time.Minute)
		wantEqual(t, "sends at one time before", f.mostAtOnce(), 4)
		before := len(f.calls())
		time.Sleep(time.Hour)
		wantEqual(t, "sends at one time", f.mostAtOnce(), 1)
		if n := len(f.calls()) - before; n > 3600/8 {
			t.Errorf("%d tries in an hour", n)
		}
		for _, s := range f.calls()[before:] {
			wantInts(t, "the oldest is tried", s.seq, seq(1, 1))
		}
		_ = r.close(time.Minute)
	})
}

// prober is a fake that can be asked.
type prober struct {
	fake
	up     bool
	probes int
	fails  func() error
}

func (p *prober) Probe(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running > 0 {
		panic("Probe during a Send")
	}
	p.probes++
	if RouteOf(ctx) != "main" {
		panic("Probe without the route's mark")
	}
	if p.up {
		return nil
	}
	if p.fails != nil {
		return p.fails()
	}
	return errDown
}

func TestProberIsAskedInsteadOfSending(t *testing.T) {
	p := new(prober)
	p.reply = func(int, []encode.Record) error {
		if p.up {
			return nil
		}
		return errDown
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, p)
		r.log(10)
		r.start()
		time.Sleep(10 * time.Minute)
		wantEqual(t, "sends before the breaker opened", len(p.calls()), openAfter)
		synctest.Wait()
		if p.probes < 20 || p.probes > 150 {
			t.Errorf("%d probes in 10 min", p.probes)
		}
		wantEqual(t, "breaker between probes", r.worker.Stats().Breaker, "open")
		wantEqual(t, "told of probes", r.told(errDown), openAfter+p.probes)
		p.do(func() { p.up = true })
		time.Sleep(time.Minute)
		wantInts(t, "received", p.received(), seq(1, 10))
		wantEqual(t, "sends", len(p.calls()), openAfter+1)
		wantEqual(t, "breaker", r.worker.Stats().Breaker, "closed")
		r.mustClose()
	})
}

// A Prober that says yes too early: the batch is tried, fails, and the backoff
// goes on growing.
func TestProberThatErrs(t *testing.T) {
	p := &prober{up: true}
	p.reply = func(int, []encode.Record) error { return errDown }
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, p)
		r.log(10)
		r.start()
		time.Sleep(time.Hour)
		if n := len(p.calls()); n > 3600/5 {
			t.Errorf("%d sends in an hour", n)
		}
		synctest.Wait()
		wantEqual(t, "each try is probed first", p.probes, len(p.calls())-openAfter)
		_ = r.close(time.Minute)
	})
}

func TestProbeObeysRetryAfterAndPanics(t *testing.T) {
	p := new(prober)
	p.reply = scripted(errDown, errDown, errDown, errDown, errDown)
	var at []time.Time
	p.fails = func() error {
		at = append(at, time.Now())
		switch len(at) {
		case 1:
			return transport.RetryAfter(errDown, time.Hour)
		case 2:
			panic("probe")
		default:
			p.up = true
			return errDown
		}
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, p)
		r.log(1)
		r.start()
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if gap := at[1].Sub(at[0]); gap < time.Hour || gap > 67*time.Minute {
			t.Errorf("probed again after %v, want an hour", gap)
		}
		wantEqual(t, "told of the panic", r.told(ErrPanic), 1)
		wantInts(t, "received", p.received(), seq(1, 1))
		r.mustClose()
	})
}

// A peer that takes bytes and then resets, again and again: each Send's nil is
// no proof, so the backoff grows and the breaker opens.
func TestBreakerOpensOnResends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := holding(t, transport.Description{MaxRecords: 5})
		accept := h.reply
		broken := true
		h.reply = func(call int, recs []encode.Record) error {
			if broken && has(recs, 6) {
				h.unread = 0
				return transport.Resend(errDown, 5)
			}
			return accept(call, recs)
		}
		r.log(10)
		r.start()
		time.Sleep(time.Hour)
		if n := len(h.calls()); n > 2*3600/8 {
			t.Errorf("%d sends in an hour", n)
		}
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 0)
		h.do(func() { broken = false })
		time.Sleep(time.Minute)
		synctest.Wait()
		wantEqual(t, "failures before the proof", r.worker.breaker.failures > openAfter, true)
		h.do(func() { h.unread = 0 })
		time.Sleep(time.Minute)
		synctest.Wait()
		wantEqual(t, "failures after it", r.worker.breaker.failures, 0)
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 10)
		r.mustClose()
	})
}

func TestBreakerStates(t *testing.T) {
	var b breaker
	for range openAfter - 1 {
		b.fail()
		wantEqual(t, "below the limit", b.state, closed)
	}
	wantEqual(t, "recovered from closed", b.recover(true), false)
	wantEqual(t, "failures", b.failures, 0)
	for range openAfter {
		b.fail()
	}
	wantEqual(t, "at the limit", b.state, open)
	b.state, b.probed = halfOpen, true
	b.fail()
	wantEqual(t, "one failure is enough", b.state, open)
	wantEqual(t, "probed anew", b.probed, false)
	wantEqual(t, "recovered", b.recover(false), true)
	wantEqual(t, "not proven", b.failures, openAfter+1)
	wantEqual(t, "closed", b.state.String(), "closed")
	b.trip()
	b.state, b.failures = halfOpen, 0
	b.fail()
	wantEqual(t, "a trial that fails", b.state, open)
	wantEqual(t, "half-open", halfOpen.String(), "half-open")
}
