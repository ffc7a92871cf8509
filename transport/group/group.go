package group

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/slogship/slogship/transport"
)

// group is what Failover, Quorum and Balance have in common.
type group struct {
	kind    string // for errors
	members []*member
	limits  transport.Description // never changed
	paths   []string              // never changed
	probes  bool                  // some member is a Prober; never changed
	need    int                   // members that have to take a record; never changed
	beat    time.Duration         // HeartbeatInterval; negative: none; never changed
	patient time.Duration         // deadline of one Probe; never changed

	ctx    context.Context // of the heartbeats
	cancel context.CancelFunc
	beats  sync.WaitGroup
	woken  chan struct{} // closed by the first Send or Probe
	once   sync.Once     // closes woken

	mu     sync.Mutex
	closed bool            // guarded by mu
	marks  context.Context // guarded by mu; values of the last Send's ctx
	ledger ledger          // guarded by mu
	active *member         // guarded by mu; Failover: took the last batch
	turn   int             // guarded by mu; Balance: where the next round begins
	memory kept            // guarded by mu; Quorum
}

// newGroup takes over the members.
func newGroup(kind string, members []*member, need int, o *options) *group {
	g := &group{
		kind: kind, members: members, need: need, beat: o.HeartbeatInterval, patient: o.HeartbeatInterval,
		woken: make(chan struct{}), marks: context.Background(),
	}
	if g.patient < 0 {
		g.patient = DefaultHeartbeatInterval // the worker probes also where no heartbeat does
	}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	g.ledger.need = need
	for _, m := range members {
		g.probes = g.probes || m.prober != nil
		if m.holder != nil {
			g.ledger.holders |= m.bit()
		}
	}
	g.limits, g.paths = describe(members), importPaths(members)
	if g.ledger.on() {
		g.limits.MaxInFlight = 1 // as of any Holder: the ledger numbers records in the order of the Sends
	}
	return g
}

// start starts the heartbeats: last in Open, when nothing can fail any more.
func (g *group) start() {
	if g.beat < 0 {
		return
	}
	for _, m := range g.members {
		if m.prober != nil {
			g.beats.Go(func() { g.heartbeat(m) })
		}
	}
}

// Describe returns the limits of the strictest member.
func (g *group) Describe() transport.Description { return g.limits }

// Close ends the heartbeats and closes all members at once: each may need its
// time for an orderly end. The heartbeats first, and to their end, because no
// transport expects a Probe beside its Close. What the members vouch for by then
// counts: the ledger lives on, for the worker asks for Held afterwards.
func (g *group) Close() error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.cancel()
	g.beats.Wait()
	errs := make([]error, len(g.members))
	var all sync.WaitGroup
	for i, m := range g.members {
		spawn(&all, &errs[i], m.transport.Close)
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			errs[i] = fmt.Errorf("group: close member %q: %w", g.members[i].name, err)
		}
	}
	return errors.Join(errs...)
}

// begin is the start of each Send and Probe. It returns what has to be said
// before anything is sent: that the group is closed, or that records which a
// member lost in the background have to go again. They are older than what this
// Send has: sent first, its records would be sent once more behind them.
func (g *group) begin(ctx context.Context) error {
	g.once.Do(func() { close(g.woken) })
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return transport.ErrClosed
	}
	if g.probes {
		// The feedback mark of the route. A heartbeat runs under no Send, and what
		// a client library logs under it must not enter the route all the same.
		g.marks = context.WithoutCancel(ctx)
	}
	return g.owedLocked()
}

// owedLocked returns the Resend for what members lost, nil if that is nothing.
// With that it is told: the ledger has taken the numbers back, so the caller has
// to return it.
func (g *group) owedLocked() error {
	n, cause := g.ledger.collect()
	if n == 0 {
		return nil
	}
	return transport.Resend(cause, n)
}

// succeeded notes that a member answered.
func (g *group) succeeded(m *member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m.lastGood = time.Now()
	m.health.succeeded(m.lastGood)
}

// failed notes that a member did not answer, or not well, and how long it wants
// to be left alone.
func (g *group) failed(m *member, err error, after time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	m.health.failed(now, after)
	m.state.Failures++
	m.state.LastError, m.state.LastErrorAt = show(err), now
}

// lost notes that a member asks for its newest n records again. The group need
// not ask for them if enough others have them (this one goes without, and Late
// counts them) or if they have gone again already.
func (g *group) lost(m *member, n int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m.held = max(0, m.held-n)
	m.state.Late += uint64(g.ledger.lost(m.index, n, fmt.Errorf("group: %s: %w", g.kind, &said{m.name, err})))
}

// took notes that a member took k records of a Send. The caller has mu.
func (m *member) took(k int) {
	m.state.Sent += uint64(k)
	if m.holder != nil {
		m.held += k
	}
}

// Held returns how many of the group's newest records fewer members than it
// takes have for good.
func (g *group) Held() int {
	by := make([]int, len(g.members))
	for i, m := range g.members {
		by[i] = g.askHeld(m)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ledger.held(by)
}

// askHeld returns what a member holds. One that is being probed right now is
// not asked: what it held before can only have become less.
//
// A heartbeat after the question may take records back. Then the answer is too
// large, which keeps some records a little longer, and those taken back are owed.
func (g *group) askHeld(m *member) int {
	if m.holder == nil {
		return 0
	}
	held, asked := 0, false
	if m.gate.tryProbe() {
		asked = contain(func() error { held = max(m.holder.Held(), 0); return nil }) == nil
		m.gate.leaveProbe()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if asked {
		m.held = held
	}
	return m.held
}
