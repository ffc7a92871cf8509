package group

import (
	"context"
	"fmt"
	"sync"

	"github.com/slogship/slogship/transport"
)

// Check looks at all members at once and returns what each found, in their
// order and under their names. What fails at a member that the group can do
// without is a warning.
func (g *group) Check(ctx context.Context) []transport.Finding {
	found := make([][]transport.Finding, len(g.members))
	errs := make([]error, len(g.members))
	var all sync.WaitGroup
	for i, m := range g.members {
		spawn(&all, &errs[i], func() error {
			found[i] = m.check(ctx)
			return nil
		})
	}
	all.Wait()
	sound := 0
	for i, m := range g.members {
		if errs[i] != nil {
			found[i] = []transport.Finding{{Check: m.name, Verdict: transport.Failed, Found: show(errs[i]), Remedy: "its transport has a bug", Err: errs[i]}}
		}
		if !fails(found[i]) {
			sound++
		}
	}
	var list []transport.Finding
	// Who validates in a pipeline wants it to fail if records would not arrive, and
	// not for a spare that is down: that is the day it is there for.
	for _, some := range found {
		if sound >= g.need {
			soften(some)
		}
		list = append(list, some...)
	}
	return list
}

// fails reports whether records would not arrive.
func fails(found []transport.Finding) bool {
	for _, f := range found {
		if f.Verdict == transport.Failed {
			return true
		}
	}
	return false
}

// soften makes warnings of failures.
func soften(found []transport.Finding) {
	for i := range found {
		if found[i].Verdict == transport.Failed {
			found[i].Verdict = transport.Warning
		}
	}
}

// check asks the member as Validate asks a route's transport. No heartbeat is in
// the way: they begin with the first Send, and there was none.
func (m *member) check(ctx context.Context) []transport.Finding {
	checker, ok := m.transport.(transport.Checker)
	if !ok {
		return []transport.Finding{m.checkProbe(ctx)}
	}
	found := checker.Check(ctx)
	for i := range found {
		found[i].Check = fmt.Sprintf("%s: %s", m.name, found[i].Check)
	}
	return found
}

// checkProbe makes a finding of a Probe.
func (m *member) checkProbe(ctx context.Context) transport.Finding {
	f := transport.Finding{Check: m.name + ": probe"}
	if m.prober == nil {
		f.Verdict, f.Found = transport.Skipped, "this transport can't be asked without sending a record"
		return f
	}
	if f.Err = m.prober.Probe(ctx); f.Err != nil {
		f.Verdict, f.Found, f.Remedy = transport.Failed, show(f.Err), "see the error; the other members get its records meanwhile"
		return f
	}
	f.Verdict, f.Found = transport.OK, "the destination would accept records"
	return f
}
