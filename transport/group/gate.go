package group

import (
	"context"
	"sync"
)

// gate keeps the contract of one member: at most limit Sends at a time, and no
// Probe beside a Send or another Probe. A mutex would do for a limit of one, but
// cannot be left when ctx ends.
//
// A Probe that hangs keeps Sends of its member waiting. To cancel it for their
// sake was the alternative: a destination that does not answer a Probe would let
// the Send hang instead, and for longer.
type gate struct {
	limit int // Sends at a time; 0: any number. Never changed

	mu      sync.Mutex
	sends   int           // guarded by mu
	probing bool          // guarded by mu
	freed   chan struct{} // guarded by mu; closed and replaced by each leave; nil while nobody waits
}

// enter waits until a Send may begin, or returns ctx's cause.
func (g *gate) enter(ctx context.Context) error {
	return g.wait(ctx, func() bool {
		if g.probing || g.limit > 0 && g.sends >= g.limit {
			return false
		}
		g.sends++
		return true
	})
}

// enterProbe waits until a Probe may begin, or returns ctx's cause.
func (g *gate) enterProbe(ctx context.Context) error { return g.wait(ctx, g.takeLocked) }

// tryProbe is enterProbe for who has no time.
func (g *gate) tryProbe() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.takeLocked()
}

func (g *gate) takeLocked() bool {
	if g.probing || g.sends > 0 {
		return false
	}
	g.probing = true
	return true
}

func (g *gate) leave() { g.free(func() { g.sends-- }) }

func (g *gate) leaveProbe() { g.free(func() { g.probing = false }) }

func (g *gate) free(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
	if g.freed != nil {
		close(g.freed)
		g.freed = nil
	}
}

// wait calls take, under mu, until it reports success. The channel is read in
// the same critical section in which take failed: a leave after it closes it.
func (g *gate) wait(ctx context.Context, take func() bool) error {
	for {
		g.mu.Lock()
		if take() {
			g.mu.Unlock()
			return nil
		}
		if g.freed == nil {
			g.freed = make(chan struct{})
		}
		freed := g.freed
		g.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
