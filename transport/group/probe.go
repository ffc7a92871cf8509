package group

import (
	"context"
	"errors"
	"time"

	"github.com/slogship/slogship/transport"
)

// heartbeat probes a member from the first Send on. A group that nobody uses
// connects to nothing. Each member has a goroutine of its own: with one for all, a
// member that hangs would keep the others from being asked for as long.
//
// Nothing stops runtime.Goexit in a Probe, so with its last breath the goroutine
// leaves the member to a new one. beats cannot reach zero in between: this one
// still counts.
func (g *group) heartbeat(m *member) {
	ended := false
	defer func() {
		if !ended {
			g.beats.Go(func() { g.heartbeat(m) })
		}
	}()
	g.untilClose(m)
	ended = true
}

// untilClose is the heartbeat itself. It returns when Close has ended it.
func (g *group) untilClose(m *member) {
	select {
	case <-g.woken:
	case <-g.ctx.Done():
		return
	}
	tick := time.NewTicker(g.beat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			g.pulse(m)
		case <-g.ctx.Done():
			return
		}
	}
}

// pulse probes m unless there is no need, or no room: a success since the last
// beat says as much, and a Send that runs will say more. A member that asked for
// time gets it.
func (g *group) pulse(m *member) {
	g.mu.Lock()
	now := time.Now()
	// A sick member is asked however fresh its last success: its way back is a
	// success after the wait is over, and Sends go elsewhere meanwhile.
	fresh := !m.lastGood.IsZero() && now.Sub(m.lastGood) < g.beat && !m.health.sick
	idle := fresh || m.health.rank(now) == deferred
	ctx, cancel := context.WithCancel(g.marks)
	g.mu.Unlock()
	defer cancel()
	defer context.AfterFunc(g.ctx, cancel)() // marks has the values, g.ctx the end: a ctx has one parent
	if idle || !m.gate.tryProbe() {
		return
	}
	_ = g.probe(ctx, m) // what it says is noted
}

// probe asks a member whose gate the caller took for a Probe, and leaves it. ctx is
// cancelled by Close, or by the worker; then the answer says nothing.
func (g *group) probe(ctx context.Context, m *member) error {
	defer m.gate.leaveProbe() // after what the answer says is noted: see Held
	limited, cancel := within(ctx, g.patient)
	defer cancel()
	answered := false
	defer func() {
		if !answered { // runtime.Goexit
			g.failed(m, errGoexit, 0)
		}
	}()
	err := contain(func() error { return m.prober.Probe(limited) })
	answered = true
	g.note(ctx, m, err, transport.Classify(err, 1))
	return err
}

// note draws conclusions about a member from an answer that is about it. ctx is
// the caller's: what its end interrupts is not the member's fault.
func (g *group) note(ctx context.Context, m *member, err error, out transport.Outcome) {
	if out.Resend > 0 {
		g.lost(m, out.Resend, err)
	}
	switch {
	case err == nil || out.Permanent || out.TooLarge:
		g.succeeded(m)
	case errors.Is(ctx.Err(), context.Canceled):
		g.gaveUp(m)
	default:
		g.failed(m, err, out.After)
	}
}

// gaveUp notes that a Send ended for the caller's reasons.
func (g *group) gaveUp(m *member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m.health.trying = false
}

// Probe reports whether enough members would take a Send. It asks those that
// hold records first, since an idle worker wants to know what has to go again,
// and then one after the other in the order in which a Send would try them, until
// there are enough. A member that cannot be probed counts as one that would,
// unless there are better ones.
func (g *group) Probe(ctx context.Context) error {
	if err := g.begin(ctx); err != nil {
		return err
	}
	p := prober{group: g, ctx: ctx}
	for _, m := range g.holders() {
		p.ask(m)
	}
	yes := 0
	for _, m := range g.probable() {
		if yes < g.need && p.ask(m) == nil {
			yes++
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.owedLocked(); err != nil || yes >= g.need {
		return err
	}
	if d := g.deferral(time.Now()); d > 0 {
		p.failures.ask(d)
	}
	return p.failures.err(g.kind, g.sentinel())
}

// sentinel is what a Send or Probe without enough members ends with.
func (g *group) sentinel() error {
	if g.kind == quorumKind {
		return ErrQuorum
	}
	return ErrNoMember
}

// prober is one call of Probe. The members are asked one after the other, and as
// few as it takes: the answer is for a worker that wants to send at once, or that
// looks every second whether a record has to go again.
type prober struct {
	*group
	ctx      context.Context
	asked    uint64 // members, a bit each
	good     uint64 // those that said yes
	failures failures
}

// ask returns the member's answer; it is asked once, though it may be among the
// holders and again among those that a Send might go to.
func (p *prober) ask(m *member) error {
	if m.prober == nil {
		return nil
	}
	if p.asked&m.bit() != 0 {
		if p.good&m.bit() != 0 {
			return nil
		}
		return ErrNoMember
	}
	p.asked |= m.bit()
	err := m.gate.enterProbe(p.ctx)
	if err == nil {
		err = p.probe(p.ctx, m)
	}
	if err == nil {
		p.good |= m.bit()
		return nil
	}
	p.failures.add(m, err, transport.Classify(err, 1).After)
	return err
}

// holders returns the members that hold records and can be asked.
func (g *group) holders() (some []*member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.members {
		if m.held > 0 && m.prober != nil {
			some = append(some, m)
		}
	}
	return some
}

// probable returns the members that a Send might go to, the best first. One that
// cannot be probed would say yes to every question: sick, it counts only where
// too few others are left to ask, since then a Send would try it as well.
func (g *group) probable() (some []*member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	for r := healthy; r < deferred; r++ {
		for _, m := range g.members {
			if m.health.rank(now) == r && (m.prober != nil || r == healthy || len(some) < g.need) {
				some = append(some, m)
			}
		}
	}
	return some
}

// deferral returns how long it is until the first member is back that asked to
// be left alone; 0: none did. The caller has mu.
func (g *group) deferral(now time.Time) (left time.Duration) {
	for _, m := range g.members {
		if m.health.rank(now) == deferred {
			left = shorter(left, m.health.notBefore.Sub(now))
		}
	}
	return left
}
