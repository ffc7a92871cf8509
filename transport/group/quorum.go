package group

import (
	"cmp"
	"context"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
)

const quorumKind = "quorum"

// Quorum sends each batch to all of its members that are healthy, at the same
// time, and acknowledges what QuorumSize of them took. All fields but Members
// have defaults; those that Failover has too mean the same.
type Quorum struct {
	// Members are the destinations: 1 to 64, of any kind, with formats of their
	// own, and groups themselves. Required.
	Members []transport.Destination

	// Names are what State calls the members, one for each of Members. Default:
	// their adapter and place, as in "relp#1".
	Names []string

	// QuorumSize is how many members have to take a record. Default: more than
	// half of them.
	QuorumSize int

	// SyncTimeout is how long one member's Send may take. A member that takes
	// longer has not taken the batch, and is no longer healthy. Default 10 s, and
	// never longer than the route's SendTimeout.
	SyncTimeout time.Duration

	// HeartbeatInterval is how often a member that was not sent to is probed,
	// and how long a Probe may take. Default 5 s, negative: never.
	HeartbeatInterval time.Duration

	// StableAfter is how long a member must not have failed before it is healthy
	// again. Default 15 s.
	StableAfter time.Duration
}

var _ transport.Destination = Quorum{}

// Open checks the fields and opens all members. It connects to nothing.
func (d Quorum) Open() (transport.Transport, error) {
	q, err := d.open()
	if err != nil {
		return nil, err
	}
	return expose(q, q.group), nil
}

func (d Quorum) open() (*quorum, error) {
	o, err := options{d.Members, d.Names, d.HeartbeatInterval, d.StableAfter}.withDefaults(quorumKind)
	if err != nil {
		return nil, err
	}
	size := cmp.Or(d.QuorumSize, len(o.Members)/2+1)
	err = option.Check(adapter(quorumKind), option.Fields{
		{"QuorumSize", size, size < 1 || size > len(o.Members), "1 to the number of Members"},
		{"SyncTimeout", d.SyncTimeout, d.SyncTimeout < 0, option.NoNegativeTime},
	})
	if err != nil {
		return nil, err
	}
	members, err := o.open(quorumKind)
	if err != nil {
		return nil, err
	}
	q := &quorum{group: newGroup(quorumKind, members, size, &o), timeout: cmp.Or(d.SyncTimeout, DefaultSyncTimeout)}
	q.limits.Direct = false // it waits for several, each on a goroutine of its own
	// As many as can be under way, and as many again from batches that never come
	// back: see remember.
	q.memory.room = 2 * q.limits.MaxInFlight * q.limits.MaxRecords
	q.start()
	return q, nil
}

// quorum is the transport.
type quorum struct {
	*group
	timeout time.Duration // of one member's Send
}

// Send sends recs to the members and returns when all have answered, or have
// had their time. See the package's Errors section.
func (q *quorum) Send(ctx context.Context, recs []encode.Record) error {
	if err := q.begin(ctx); err != nil {
		return err
	}
	b := ballot{quorum: q, ctx: ctx, recs: recs, cast: make([]vote, len(recs))}
	defer b.end()
	voters := b.voters()
	if len(voters) < q.need {
		return b.failures.err(q.kind, ErrQuorum)
	}
	b.recall()
	b.ask(voters)
	if !b.decided() {
		b.ask(b.reserve())
	}
	return b.answer()
}

// voters returns the healthy members. If they are too few to make a quorum, those
// that answer come with them, then the others: a member that is not healthy may
// need its whole SyncTimeout to show it.
func (b *ballot) voters() []*member {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	order := b.ranked(nil, now, healthy, 0)
	for _, r := range []rank{answering, sick} {
		if len(order) < b.need {
			order = b.ranked(order, now, r, 0)
		}
	}
	b.failures.free = b.deferral(now)
	if len(order) < b.need { // without those that are being left alone there is no quorum
		b.failures.ask(b.failures.free)
		return nil
	}
	b.inviteLocked(order, now)
	return order
}

// reserve returns the other members that may be asked: for records that the first
// lot neither took nor refused in sufficient numbers. It matters most for a
// refusal: with two healthy members of four that both refuse a record, and a
// quorum of two, the others decide, and would never be asked.
func (b *ballot) reserve() (order []*member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for _, m := range b.members {
		if b.invited&m.bit() == 0 && m.health.rank(now) < deferred {
			order = append(order, m)
		}
	}
	b.inviteLocked(order, now)
	return order
}

// inviteLocked takes the trials of those whose time has come, as attempt.prepare
// does.
func (b *ballot) inviteLocked(order []*member, now time.Time) {
	for _, m := range order {
		b.invited |= m.bit()
		if m.health.due(now) {
			m.health.trying = true
			b.trials |= m.bit()
		}
	}
}
