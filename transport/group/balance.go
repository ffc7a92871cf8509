package group

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
)

const balanceKind = "balance"

// Policy is how a Balance chooses. The zero value is RoundRobin.
type Policy uint8

// What Policy may be.
const (
	RoundRobin   Policy = 0 // one after the other
	LeastPending Policy = 1 // the member with the fewest records in its Sends, in turns among equals
)

// String returns "round_robin" or "least_pending".
func (p Policy) String() string {
	switch p {
	case RoundRobin:
		return "round_robin"
	case LeastPending:
		return "least_pending"
	default:
		return fmt.Sprintf("Policy(%d)", uint8(p))
	}
}

// MarshalText returns the name.
func (p Policy) MarshalText() ([]byte, error) {
	if p > LeastPending {
		return nil, option.Check(adapter(balanceKind), option.Fields{{"Policy", p.String(), true, policies}})
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads what String returns. Anything else is an error that wraps
// ErrConfig.
func (p *Policy) UnmarshalText(text []byte) error {
	for _, known := range []Policy{RoundRobin, LeastPending} {
		if string(text) == known.String() {
			*p = known
			return nil
		}
	}
	return option.Check(adapter(balanceKind), option.Fields{{"Policy", string(text), true, policies}})
}

const policies = "round_robin or least_pending"

// Balance spreads batches over those of its members that are healthy. All fields
// but Members have defaults; those that Failover has too mean the same.
type Balance struct {
	// Members are the destinations: 1 to 64, of any kind, with formats of their
	// own, and groups themselves. Required.
	Members []transport.Destination

	// Names are what State calls the members, one for each of Members. Default:
	// their adapter and place, as in "relp#1".
	Names []string

	// Policy chooses the member of a Send. Default: RoundRobin.
	Policy Policy

	// HeartbeatInterval is how often a member that was not sent to is probed,
	// and how long a Probe may take. Default 5 s, negative: never.
	HeartbeatInterval time.Duration

	// StableAfter is how long a member must not have failed before it is healthy
	// again. Default 15 s.
	StableAfter time.Duration

	// MemberTimeout is how long one member's Send may take before the next one
	// is tried. Default: an equal share of what is left of the route's
	// SendTimeout, for each member that may yet be tried.
	MemberTimeout time.Duration
}

var _ transport.Destination = Balance{}

// Open checks the fields and opens all members. It connects to nothing.
func (d Balance) Open() (transport.Transport, error) {
	err := option.Check(adapter(balanceKind), option.Fields{{"Policy", d.Policy.String(), d.Policy > LeastPending, policies}})
	if err != nil {
		return nil, err
	}
	g, err := openSerial(balanceKind, options{d.Members, d.Names, d.HeartbeatInterval, d.StableAfter}, d.MemberTimeout)
	if err != nil {
		return nil, err
	}
	g.choose = g.inTurn
	if d.Policy == LeastPending {
		g.choose = g.leastPending
	}
	if !g.ledger.on() {
		// Each member may have as many Sends as it can stand. While one is sick,
		// what is beyond the others' waits for its turn.
		g.limits.MaxInFlight = 0
		for _, m := range g.members {
			g.limits.MaxInFlight += max(m.desc.MaxInFlight, 1)
		}
	}
	g.start()
	return expose(g, g.group), nil
}

// inTurn returns the healthy members, each time beginning with the next one,
// then those that answer. The others are for when there is none of these.
func (s *serial) inTurn(to []*member, now time.Time) []*member {
	to = s.ranked(to, now, healthy, s.turn)
	to = s.ranked(to, now, answering, s.turn)
	if len(to) == 0 {
		to = s.ranked(to, now, sick, s.turn)
	}
	if len(to) > 0 {
		// By the member and not by one a Send: a sick one in between would give its
		// turns to the one behind it.
		s.turn = (to[0].index + 1) % len(s.members)
	}
	return to
}

// leastPending is inTurn with the healthy members sorted.
func (s *serial) leastPending(to []*member, now time.Time) []*member {
	to = s.inTurn(to, now)
	// A deferred member is not among them, and due has one rank as long as now
	// is the same.
	slices.SortStableFunc(to, func(a, b *member) int {
		return cmp.Or(cmp.Compare(a.health.rank(now), b.health.rank(now)), cmp.Compare(a.pending, b.pending))
	})
	return to
}
