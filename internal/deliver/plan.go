package deliver

import "time"

// patience is how long a partial batch waits for a Send in flight when a
// second one could start beside it. Without it a trickle of records would use
// all of MaxInFlight for Sends of one record; with no limit, one Send that
// hangs would hold up the others.
const patience = 20 * time.Millisecond

// wakeEvery is the least time between two wake-ups by an append, which cost the
// caller a few microseconds each. A worker that is faster than what is logged
// would otherwise be woken every few records; this way a busy route's callers
// pay one a millisecond, and the records of that millisecond travel together.
const wakeEvery = time.Millisecond

// step is what the worker may do next.
type step uint8

const (
	none     step = iota
	send          // the next span of a batch in the window
	launch        // the next batch goes into the window
	probe         // ask the transport whether the destination is back
	bury          // store a batch's dead letters
	poll          // ask the transport what it still holds
	look          // nothing but to look again
	complain      // about a Send that does not end
	part          // begin to replace the transport or the options
	leave         // the transport that is replaced, whose Close does not end
	shut          // close the transport
)

func (s step) String() string {
	return [...]string{
		none: "none", send: "send", launch: "launch", probe: "probe", bury: "dead letter",
		poll: "held", look: "look", complain: "complain", part: "replace", leave: "leave", shut: "close",
	}[s]
}

// plan is the earliest step: what it is and when it may be taken. There is one
// plan for "what now" and "how long to sleep", so that the two cannot disagree
// and no alarm rings for nothing.
type plan struct {
	step step
	b    *batch
	at   time.Time
}

// offer keeps the earlier of p and what is offered; of two that are due at
// once, the one offered first.
func (p *plan) offer(s step, b *batch, at time.Time) {
	if p.step == none || at.Before(p.at) {
		*p = plan{s, b, at}
	}
}

// plan finds the next step.
func (w *Worker) plan(now time.Time) plan {
	var p plan
	w.planOverdue(&p)
	if w.replacing() { // looked at after fill: what was appended after a Replace is not for the old transport
		w.planReplace(&p)
		return p
	}
	if w.flying >= w.opts.MaxInFlight {
		return p // a result comes first
	}
	w.planBurials(&p)
	if w.breaker.state == closed {
		w.planSends(&p, now)
	} else {
		w.planTrial(&p)
	}
	w.planLooks(&p, now)
	return p
}

// planBurials plans to store dead letters. That is no business of the
// destination, so neither its breaker nor its pauses delay it.
func (w *Worker) planBurials(p *plan) {
	for _, b := range w.window {
		if !b.flying && !b.undecided() && !b.whole && b.unburied() {
			p.offer(bury, b, b.retryAt)
		}
	}
}

// planSends plans for a destination that works: the oldest batch that waits,
// then the next one.
func (w *Worker) planSends(p *plan, now time.Time) {
	gate := later(w.pause, w.pace.next)
	for _, b := range w.sendable() {
		if !b.flying && b.undecided() {
			p.offer(send, b, later(gate, b.retryAt))
		}
	}
	if !w.launchable() {
		return
	}
	switch {
	case w.next.full || w.closing():
		p.offer(launch, w.next, gate)
	case len(w.window) > 0:
		p.offer(launch, w.next, later(gate, w.launchedAt.Add(patience)))
	default:
		p.offer(launch, w.next, later(gate, w.next.linger))
		if now.Before(w.next.linger) {
			// Not Arm: each append would wake the worker while it lingers. A
			// few looks find out early that the batch is full.
			p.offer(look, nil, now.Add(w.opts.Linger/8))
		}
	}
}

// launchable reports whether there is a next batch and room for it. The window
// counts batches that are done and wait for an older one, so a crash repeats
// at most MaxInFlight batches.
func (w *Worker) launchable() bool {
	return w.next != nil && len(w.next.slots) > 0 && len(w.window) < w.opts.MaxInFlight
}

// planTrial plans for a destination that does not work: one probe or one
// batch, the oldest, when the backoff is over.
func (w *Worker) planTrial(p *plan) {
	if w.flying > 0 {
		return
	}
	// Not the pace: it begins when the outage ends.
	s, b, at := launch, w.next, w.pause
	if head := w.head(); head != nil {
		s, b, at = send, head, later(at, head.retryAt)
	} else if !w.launchable() {
		return
	}
	if w.prober != nil && !w.breaker.probed {
		s = probe
	}
	p.offer(s, b, at)
}

// head returns the oldest batch that has something to send, or nil.
func (w *Worker) head() *batch {
	for _, b := range w.sendable() {
		if !b.flying && b.undecided() {
			return b
		}
	}
	return nil
}

// sendable returns the batches whose turn may have come. For a Holder that is
// the oldest alone, so that the newest records sent are also the newest read.
// Its window has others only if they were read for the transport before it.
func (w *Worker) sendable() []*batch {
	if w.holder != nil && len(w.window) > 1 {
		return w.window[:1]
	}
	return w.window
}

// planLooks plans what an idle worker has to wake up for. A healthy route at
// rest has nothing here, so it sets no timer.
func (w *Worker) planLooks(p *plan, now time.Time) {
	if w.holder != nil && w.ledger.sent > 0 {
		p.offer(poll, nil, w.pollAt)
	}
	if w.watches.any() {
		p.offer(look, nil, now.Add(watchEvery)) // see settleDropped
	}
	if !w.empty() {
		return
	}
	if at, ok := w.losses.due(now); ok {
		p.offer(look, nil, at)
	}
	if at := w.launchedAt.Add(patience); len(w.window) > 0 && now.Before(at) {
		p.offer(look, nil, at)
	}
	if w.spins > patientSpins {
		p.offer(look, nil, now.Add(lookAgain))
	}
	if now.Before(w.wakeable) {
		p.offer(look, nil, w.wakeable)
	}
}

// empty reports whether nothing has been read ahead.
func (w *Worker) empty() bool { return w.next == nil || len(w.next.slots) == 0 }

// wantsReady reports whether the next append shall wake the worker: only if it
// could be sent at once. A worker that waits for a Send takes what has come
// when the Send is over, and its callers pay no wake-up until then.
func (w *Worker) wantsReady(now time.Time) bool {
	if !w.empty() || w.flying >= w.opts.MaxInFlight || len(w.window) >= w.opts.MaxInFlight {
		return false
	}
	return len(w.window) == 0 || !now.Before(w.launchedAt.Add(patience))
}
