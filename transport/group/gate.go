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
	waiting int           // guarded by mu; callers of enter and enterProbe that wait
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

// tryProbe is enterProbe for who has no time, and lets others pass. Else, of a
// member that hangs, each heartbeat would end with the beginning of the next one,
// and a Send would have to be lucky to come between the two.
func (g *gate) tryProbe() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting == 0 && g.takeLocked()
}

func (g *gate) takeLocked() bool {
	if g.probing || g.sends > 0 {
		return false
	}
	g.probing = true
	return true
}

// leave ends what enter began.
func (g *gate) leave() { g.free(func() { g.sends-- }) }

// leaveProbe ends what enterProbe or tryProbe began.
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
	g.mu.Lock()
	defer g.mu.Unlock()
	for !take() {
		if g.freed == nil {
			g.freed = make(chan struct{})
		}
		if err := g.sleepLocked(ctx, g.freed); err != nil {
			return err
		}
	}
	return nil
}

// sleepLocked waits without the lock, and has it again when it returns.
func (g *gate) sleepLocked(ctx context.Context, freed <-chan struct{}) error {
	g.waiting++
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		g.waiting--
	}()
	select {
	case <-freed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
