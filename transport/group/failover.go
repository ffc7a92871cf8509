package group

import (
	"context"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
)

const failoverKind = "failover"

// Failover sends to the first of its members that is healthy. All fields but
// Members have defaults.
type Failover struct {
	// Members are the destinations, the preferred one first: 1 to 64. They may
	// be of any kind, with formats of their own, and groups themselves. Required.
	Members []transport.Destination

	// Names are what State calls the members, one for each of Members. Default:
	// their adapter and place, as in "relp#1".
	Names []string

	// HeartbeatInterval is how often a member that was not sent to is probed,
	// and how long a Probe may take. Default 5 s, negative: never; then a member
	// that failed is tried with records after StableAfter, as one is that cannot
	// be probed.
	HeartbeatInterval time.Duration

	// StableAfter is how long a member must not have failed before it is healthy
	// again. A member that fails soon after that has to be stable for twice as
	// long, and so on up to sixteen times. Default 15 s.
	StableAfter time.Duration

	// MemberTimeout is how long one member's Send may take before the next one
	// is tried. Default: an equal share of what is left of the route's
	// SendTimeout, for each member that may yet be tried.
	MemberTimeout time.Duration
}

var _ transport.Destination = Failover{}

// Open checks the fields and opens all members. It connects to nothing.
func (d Failover) Open() (transport.Transport, error) {
	o := options{d.Members, d.Names, d.HeartbeatInterval, d.StableAfter}
	g, err := openSerial(failoverKind, o, d.MemberTimeout)
	if err != nil {
		return nil, err
	}
	g.choose, g.active = g.byPriority, g.members[0]
	g.start()
	return expose(g, g.group), nil
}

// serial is a group that sends to one member after the other until all records
// are taken: Failover and Balance.
type serial struct {
	*group
	timeout time.Duration // of one member's Send; 0: its share
	// choose appends the members that a Send tries, in that order. The caller
	// has mu.
	choose func(to []*member, now time.Time) []*member
}

func openSerial(kind string, o options, timeout time.Duration) (*serial, error) {
	o, err := o.withDefaults(kind)
	if err != nil {
		return nil, err
	}
	err = option.Check(adapter(kind), option.Fields{{"MemberTimeout", timeout, timeout < 0, option.NoNegativeTime}})
	if err != nil {
		return nil, err
	}
	members, err := o.open(kind)
	if err != nil {
		return nil, err
	}
	return &serial{group: newGroup(kind, members, 1, &o), timeout: timeout}, nil
}

// byPriority returns the healthy members in their order, then those that are
// not healthy yet and answer: first the one in use, lest the group goes back and
// forth between two of them. The others are for when there is none of these.
func (s *serial) byPriority(to []*member, now time.Time) []*member {
	to = s.ranked(to, now, healthy, 0)
	if s.active != nil && s.active.health.rank(now) == answering {
		to = append(to, s.active)
	}
	for _, m := range s.members {
		if m != s.active && m.health.rank(now) == answering {
			to = append(to, m)
		}
	}
	if len(to) == 0 {
		to = s.ranked(to, now, sick, 0)
	}
	return to
}

// ranked appends the members of one rank, beginning with number first.
func (g *group) ranked(to []*member, now time.Time, r rank, first int) []*member {
	for i := range g.members {
		if m := g.members[(first+i)%len(g.members)]; m.health.rank(now) == r {
			to = append(to, m)
		}
	}
	return to
}

// Send sends recs to the first member, what that one leaves to the next, and so
// on. See the package's Errors section.
func (s *serial) Send(ctx context.Context, recs []encode.Record) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	var room [8]*member // most groups are smaller, and then choosing allocates nothing
	a := attempt{serial: s, ctx: ctx, recs: recs, left: len(recs)}
	order := a.prepare(room[:0])
	defer a.end()
	for i, m := range order {
		if ctx.Err() != nil { // what a member would say to a ctx that has ended tells nothing of it
			a.failures.add(m, context.Cause(ctx), 0)
			break
		}
		if a.try(m, len(order)-i) {
			break
		}
	}
	return a.answer()
}
