package group

import (
	"cmp"
	"slices"

	"github.com/slogship/slogship/transport"
)

// What the zero Description stands for. A zero is not the least of two limits, so
// it has to become a number before they are compared.
const (
	usualRecords = 1000
	usualBytes   = 1 << 20
)

// describe returns what all members can stand. To cut a batch anew for the member
// that it moves to was the alternative: several Sends, and one answer to make of
// theirs. MaxInFlight is that of a group that may have all its Sends at one member.
func describe(members []*member) transport.Description {
	all := transport.Description{Acknowledged: true, Direct: true}
	for i, m := range members {
		d := m.desc
		d.MaxRecords, d.MaxBytes = cmp.Or(d.MaxRecords, usualRecords), cmp.Or(d.MaxBytes, usualBytes)
		d.MaxInFlight = max(d.MaxInFlight, 1)
		if i == 0 {
			all.MaxRecords, all.MaxBytes, all.MaxInFlight = d.MaxRecords, d.MaxBytes, d.MaxInFlight
		}
		all.MaxRecords = min(all.MaxRecords, d.MaxRecords)
		all.MaxBytes = min(all.MaxBytes, d.MaxBytes)
		all.MaxInFlight = min(all.MaxInFlight, d.MaxInFlight)
		// A member that lingers does so because small batches are dear to it. The
		// others lose a little time by it and nothing else.
		all.Linger = max(all.Linger, d.Linger)
		all.Acknowledged = all.Acknowledged && d.Acknowledged
		all.Direct = all.Direct && d.Direct
	}
	return all
}

// importPaths are those of all members' client libraries, since each of them may
// log while it works for the route.
func importPaths(members []*member) []string {
	var all []string
	for _, m := range members {
		if c, ok := m.transport.(transport.Client); ok {
			all = append(all, c.ImportPaths()...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// State returns the state of each member.
func (g *group) State() []transport.MemberState {
	states := make([]transport.MemberState, len(g.members))
	g.mu.Lock()
	for i, m := range g.members {
		states[i] = m.state
		states[i].Healthy = !m.health.sick
		states[i].Active = m == g.active || g.active == nil && !m.health.sick
	}
	g.mu.Unlock()
	for i, m := range g.members {
		if m.stater != nil {
			states[i].Members = m.stater.State() // not under mu: it is foreign code
		}
	}
	return states
}
