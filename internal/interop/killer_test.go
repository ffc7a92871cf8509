package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// killed is a server whose restart fails.
type killed struct{ gone error }

func (k killed) restart(context.Context) error { return k.gone }

// A failed restart is the killer's error, and the producers are let go.
func TestKillerNoRestart(t *testing.T) {
	p := newProgress()
	p.note(func() { p.begun, p.sent = 1, 5000 })
	l := newLoad(nil, 10_000, 0)
	k := &killer{server: killed{errStart}, progress: p, load: l, apart: recordsApart, rng: rand.New(rand.NewPCG(1, 1))}
	if err := k.run(t.Context()); !errors.Is(err, errStart) {
		t.Errorf("got %v, want %v", err, errStart)
	}
	if l.allowed != l.each {
		t.Errorf("%d of %d records are allowed", l.allowed, l.each)
	}
}

// TestUnanswered is what makes a kill count.
func TestUnanswered(t *testing.T) {
	for _, c := range []struct {
		name string
		at   moment          // of the kill
		then func(*progress) // what happened afterwards
		want bool
	}{
		{"idle", moment{begun: 3, ended: 3}, func(*progress) {}, false},
		{"answered just before", moment{begun: 3, ended: 2}, func(p *progress) { p.begun, p.ended, p.passed = 3, 3, 3 }, false},
		{"failed", moment{begun: 3, ended: 2}, func(p *progress) { p.begun, p.ended, p.failed[3] = 3, 3, true }, true},
		{"a later one failed", moment{begun: 3, ended: 2}, func(p *progress) { p.begun, p.ended, p.failed[4] = 4, 4, true }, false},
		{"held", moment{begun: 3, ended: 3, holds: true}, func(p *progress) { p.resends = 1 }, true},
		{"nothing held", moment{begun: 3, ended: 3, holds: true}, func(p *progress) { p.passed = 9 }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProgress()
			k := &killer{progress: p, load: newLoad(nil, 0, 0)}
			p.note(func() { c.then(p) })
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			got, err := k.unanswered(ctx, c.at)
			if got != c.want || err != nil {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

// Everything that was allowed is sent before the killer looks, so that nothing
// is under way and nothing will be: more is allowed until there is a Send.
// (This is what a busy machine does.)
func TestWaitAllowsMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l := newProgress(), newLoad(nil, 100, 0)
		k := &killer{progress: p, load: l}
		go func() { // a worker, which sends as soon as there is something
			if l.wait(t.Context(), 8) == nil {
				p.note(func() { p.begun, p.sent = 1, 64 })
			}
		}()
		m, err := k.wait(t.Context(), func(m moment) bool { return m.begun > m.ended })
		if err != nil || m.begun != 1 {
			t.Errorf("got %+v, %v", m, err)
		}
	})
}

// Sends of a millisecond are met while they are under way, wherever the killer
// would have waited six.
func TestAimMeetsShortSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := newProgress()
		k := &killer{progress: p, load: newLoad(nil, 1<<20, 0), rng: rand.New(rand.NewPCG(1, 1))}
		w := witness{Transport: slow{time.Millisecond}, to: p}
		var worker sync.WaitGroup
		worker.Go(func() {
			for ctx.Err() == nil {
				if err := w.Send(ctx, make([]encode.Record, 10)); err != nil {
					t.Error(err)
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
		defer worker.Wait()
		defer cancel()
		for after := 20; after < 2000; after += 20 {
			if at, err := k.aim(ctx, after); err != nil || at.begun == at.ended || at.sent < after {
				t.Fatalf("after %d: %+v, %v", after, at, err)
			}
		}
	})
}

// slow is a transport whose Sends take a time.
type slow struct{ takes time.Duration }

func (slow) Describe() transport.Description { return transport.Description{} }
func (slow) Close() error                    { return nil }
func (s slow) Send(context.Context, []encode.Record) error {
	time.Sleep(s.takes)
	return nil
}

// With no records left and nothing under way the wait has an end; with a Send
// under way it has none before the Send has one; a server that takes nothing
// ends it with its answer.
func TestWaitEnds(t *testing.T) {
	never := func(moment) bool { return false }
	refused := errors.New("refused")
	for _, c := range []struct {
		name   string
		worker func(context.Context, *progress)
		want   error
		after  time.Duration
	}{
		{"spent", func(context.Context, *progress) {}, errSpent, time.Minute},
		{"a Send hangs", func(_ context.Context, p *progress) { p.note(func() { p.begun = 1 }) }, errStalled, 2 * stallLimit},
		{"every Send fails", func(ctx context.Context, p *progress) {
			for ctx.Err() == nil {
				p.note(func() { p.begun++ })
				p.answer(refused, 5, true)
				time.Sleep(200 * time.Millisecond)
			}
		}, refused, 2 * stallLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				k := &killer{progress: newProgress(), load: newLoad(nil, 10, 0)}
				var worker sync.WaitGroup
				worker.Go(func() { c.worker(ctx, k.progress) })
				defer worker.Wait()
				defer cancel()
				began := time.Now()
				if _, err := k.wait(ctx, never); !errors.Is(err, c.want) || time.Since(began) > c.after {
					t.Errorf("got %v after %v, want %v", err, time.Since(began), c.want)
				}
			})
		})
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	k := &killer{progress: newProgress(), load: newLoad(nil, 10, 0)}
	if _, err := k.wait(ctx, never); !errors.Is(err, gone) {
		t.Errorf("got %v, want %v", err, gone)
	}
}
