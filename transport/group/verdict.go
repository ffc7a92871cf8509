package group

import "github.com/slogship/slogship/transport"

// answer returns what Send has to return, and enters into the ledger who took
// what.
func (a *attempt) answer() error {
	switch {
	case a.resend:
		a.void()
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.owedLocked()
	case a.whole != nil:
		return a.whole
	case a.takers == nil && a.left == 0:
		return nil
	case a.takers == nil || a.left == len(a.recs):
		return a.failures.err(a.kind, a.sentinel())
	}
	end := a.cut()
	a.enter(end)
	return a.told(end)
}

// void notes that what members took of this Send goes again.
func (a *attempt) void() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range a.takers {
		if m != nil {
			a.ledger.waste(1, m.bit())
		}
	}
}

// cut returns the place from which on what was taken goes again all the same:
// that of the first record that is left, for a group that holds. The worker
// counts the newest of a batch by their place, and a record that was taken after
// one that will go again would not be where the ledger has it. Such a record
// arrives twice. It takes a member that holds beside one that answers for single
// records.
func (a *attempt) cut() int {
	if a.ledger.on() {
		for i, m := range a.takers {
			if m == nil && !a.refused[i] {
				return i
			}
		}
	}
	return len(a.recs)
}

// enter numbers what was taken, in the order of the batch, which is how the worker
// counts, and not in that of the members.
func (a *attempt) enter(end int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, m := range a.takers {
		switch {
		case m == nil:
		case i < end:
			a.ledger.accept(1, m.bit())
		default:
			a.ledger.waste(1, m.bit())
		}
	}
}

// told returns the answer to each record. What is left has the last thing that a
// member said of it, or what all said together, as a plain error: whatever it asked
// of the worker, another member may see it differently by then.
func (a *attempt) told(end int) error {
	answers := transport.AnswersFor(len(a.recs))
	none := a.failures.err(a.kind, a.sentinel())
	left := false
	for i := range a.recs {
		switch {
		case a.refused[i]:
			answers.Set(i, a.answers[i])
		case a.takers[i] != nil && i < end:
			// taken
		case a.answers[i] != nil:
			answers.Set(i, a.answers[i])
			left = true
		default:
			answers.Set(i, &said{a.kind, none})
			left = true
		}
	}
	err := answers.Err()
	if !left {
		return err
	}
	return a.failures.wait(err)
}
