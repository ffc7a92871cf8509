package group

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// ErrPanic is what a panic or runtime.Goexit in a member becomes: the other
// members, and the host, live on.
var ErrPanic = errors.New("panic")

// member is one of a group's destinations, open.
type member struct {
	index     int
	name      string
	transport transport.Transport
	holder    transport.Holder      // nil if it is none
	prober    transport.Prober      // nil if it is none
	stater    transport.Stater      // nil if it is none
	desc      transport.Description // what it said; it is asked once
	gate      gate

	// What follows is guarded by the group's mu.

	health   health
	pending  int       // records in its Sends
	held     int       // what it held when last asked, and what it took since
	lastGood time.Time // of the last success
	state    transport.MemberState
}

func newMember(index int, name string, t transport.Transport, o *options) *member {
	m := &member{index: index, name: name, transport: t, desc: t.Describe()}
	m.holder, _ = t.(transport.Holder)
	m.prober, _ = t.(transport.Prober)
	m.stater, _ = t.(transport.Stater)
	m.health = health{stable: o.StableAfter, trials: m.prober == nil || o.HeartbeatInterval < 0}
	if !m.desc.Direct { // that is safe for any number of Sends, and MaxInFlight says nothing of it
		m.gate.limit = max(m.desc.MaxInFlight, 1)
	}
	if m.holder != nil {
		m.gate.limit = 1 // "the newest records" has no meaning with several
	}
	m.state.Name = name
	return m
}

func (m *member) bit() uint64 { return 1 << m.index }

// send calls the member's Send. The caller has the gate.
func (m *member) send(ctx context.Context, recs []encode.Record) error {
	return contain(func() error { return m.transport.Send(ctx, recs) })
}

// contain runs a member's code. On a goroutine of the group a panic would end
// the host; on the caller's it would keep the records from the other members.
func contain(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("group: %w: %v", ErrPanic, p)
		}
	}()
	return f()
}

// spawn runs f on a goroutine that wg waits for, and stores its error. Nothing
// stops runtime.Goexit, so the error is there before f is.
func spawn(wg *sync.WaitGroup, err *error, f func() error) {
	*err = fmt.Errorf("group: %w: %w", ErrPanic, errGoexit)
	wg.Go(func() { *err = contain(f) })
}

var errGoexit = errors.New("runtime.Goexit")

// within returns ctx with a time limit; 0: none. It is cancelled with errSlow as
// its cause, to tell a member's time from the caller's: the former is the member's
// fault, the latter may be anybody's.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, d, errSlow)
}

// errSlow: a member did not answer within its time.
var errSlow = errors.New("no answer in its time")
