package deliver

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/transport"
)

// Worker delivers one route. Its exported methods may be called by any
// goroutine.
type Worker struct {
	counters counters
	watches  watches
	mail     mail

	requests chan context.Context // from Close; capacity 1
	done     chan struct{}        // closed when the worker's goroutine has ended
	closeErr error                // written before done is closed

	// What follows is the worker goroutine's own.

	*outlet         // the present one
	parting parting // its being replaced

	window []*batch // launched and not committed, in reading order
	next   *batch   // being filled; nil until there is need
	free   []*batch // memory to use again

	lanes  []*lane // all
	idle   []*lane // those without a job
	flying int     // jobs without a result

	ledger   ledger
	passed   []*note   // scratch of release
	held     int       // what the transport held when last asked
	pollAt   time.Time // when to ask it next
	readMark buffer.Mark

	breaker    breaker
	shown      breakerState // what Stats show
	refusals   refusals
	pace       pace
	fit        fit
	losses     losses
	pause      time.Time // no Send before this
	launchedAt time.Time // last batch that entered the window

	lastResource *encode.Resource
	rested       bool            // slept with nothing to do
	wakeable     time.Time       // no append wakes the worker before this
	spins        int             // looks in a row that Arm asked for and that found nothing
	timer        *time.Timer     // for wait alone
	ending       context.Context // Close's; nil until it was called
	grace        time.Time       // when what still runs is abandoned
	shut         bool            // the transport is closed
}

// Start starts the worker of one route. It takes over the transport, which it
// closes, and the consumer half of the buffer, which it does not. The caller
// has to Close it.
func Start(o *Options) *Worker {
	desc, err := describe(o.Transport)
	out := newOutlet(*o, desc)
	w := &Worker{
		outlet:   out,
		mail:     mail{news: make(chan struct{}, 1), route: o.Route},
		requests: make(chan context.Context, 1),
		done:     make(chan struct{}),
		pace:     pace{rate: float64(out.opts.DrainRate)},
		fit:      fit{max: out.opts.MaxBytes, bytes: out.opts.MaxBytes},
		timer:    time.NewTimer(0),
		rested:   true,
	}
	w.timer.Stop()
	w.counters.stats.Breaker = closed.String()
	w.pace.begin(time.Now())
	if err != nil {
		w.failed(err)
	}
	go w.run()
	return w
}

// run is the worker's goroutine.
func (w *Worker) run() {
	defer close(w.done)
	defer w.watches.close()
	for !w.guard(w.deliver) && !w.giveUp() {
		w.guard(w.restart)
	}
	w.guard(w.finish)
}

// guard runs a part of the worker and reports whether it came to its end
// without a panic: from a fault of ours, or a source whose memory has gone. The
// host must live.
func (w *Worker) guard(part func()) (ended bool) {
	defer func() {
		if p := recover(); p != nil {
			w.failed(fmt.Errorf("deliver: route %q: %w: %v", w.opts.Route, ErrPanic, p))
		}
	}()
	part()
	return true
}

// deliver works until Close ends it.
func (w *Worker) deliver() {
	for {
		now := time.Now()
		w.fill(now)
		w.settleDropped()
		if w.over() {
			return
		}
		if p := w.plan(now); p.step != none && !p.at.After(now) {
			w.take(p, now)
		} else {
			w.wait(p, now)
		}
	}
}

// giveUp sleeps after a panic, so that a lasting fault is no busy loop, and
// reports whether Close was called: then what does not work is left alone.
func (w *Worker) giveUp() bool {
	if w.ending == nil {
		select {
		case <-time.After(time.Second):
			return false
		case w.ending = <-w.requests:
		}
	}
	w.closeErr = w.closeError(ErrPanic)
	return true
}

// restart forgets everything that is not acknowledged and begins again at the
// cursor.
func (w *Worker) restart() {
	for w.flying > 0 {
		r := <-w.results
		w.flying--
		w.idle = append(w.idle, r.lane)
	}
	if w.parting.to != nil { // the panic came while the old transport was closed
		w.parted()
	}
	w.counters.change(func(s *Stats) { s.InFlight = 0 })
	w.ledger = ledger{}
	w.rewind(buffer.Mark{})
}

// take takes a step that is due. A look has been taken by getting here: the
// loop fills and plans anew.
func (w *Worker) take(p plan, now time.Time) {
	switch p.step {
	case launch:
		b := w.next
		w.next, w.launchedAt = nil, now
		b.launch()
		w.window = append(w.window, b)
		w.send(b, now)
	case send:
		w.send(p.b, now)
	case bury:
		p.b.flying = true
		w.hire(job{kind: bury, b: p.b})
	case probe:
		w.breaker.state = halfOpen
		w.show()
		w.hire(job{kind: probe})
	case poll:
		w.hire(job{kind: poll})
	case complain:
		w.complain(p.b)
	case part:
		w.part(now)
	case leave:
		w.leave()
	}
}

// send hands the batch's next span to a lane.
func (w *Worker) send(b *batch, now time.Time) {
	w.expire(b)
	if w.refusals.holding {
		b.isolate()
	}
	if !b.undecided() { // all of it undecodable or too old
		w.decided(b)
		w.commit()
		return
	}
	if b.first.IsZero() {
		b.first = now
	}
	if w.breaker.state == open {
		w.breaker.state = halfOpen
	}
	b.narrow(w.opts.MaxRecords, w.opts.MaxBytes)
	recs := b.pick()
	w.pace.spend(now, len(recs))
	w.counters.change(func(s *Stats) {
		s.Sends++
		s.InFlight++
		if b.failures > 0 {
			s.Retries++
		}
	})
	w.show()
	b.flying, b.sentAt, b.overdue = true, now, false
	w.hire(job{kind: send, b: b, recs: recs})
}

// landed takes the result of a job. The order is fixed: what the transport
// holds is noted before the answer is settled, because a Resend in it is about
// that; and the batch is committed last, because the answer may take it back.
func (w *Worker) landed(r result) {
	w.flying--
	w.idle = append(w.idle, r.lane)
	b := r.job.b
	if b != nil {
		b.flying, b.sentAt = false, time.Time{}
	}
	w.holds(r)
	switch r.job.kind {
	case send:
		w.counters.change(func(s *Stats) { s.InFlight-- })
		w.settle(b, r.err)
		w.decided(b)
	case bury:
		w.buriedBatch(b, r.err)
	case probe:
		w.probed(r.err)
	case poll:
		w.polled(r.err)
	case shut:
		w.closed(r.err)
	}
	w.commit()
	if r.job.kind == shut && w.parting.to != nil {
		w.parted()
	}
	w.show()
}

// closed takes the answer of a transport's Close, before what it holds is
// settled.
func (w *Worker) closed(err error) {
	if err != nil {
		w.failed(fmt.Errorf("deliver: close transport of route %q: %w", w.opts.Route, err))
	}
	w.shut = w.parting.to == nil
}

// holds notes what the transport said that it holds. Where it did not say, it
// may hold everything.
func (w *Worker) holds(r result) {
	if w.holder == nil || r.job.kind == bury {
		return
	}
	w.pollAt = time.Now().Add(pollHeld) // also without an answer: else it would be asked at once, for ever
	switch {
	case r.held >= 0:
		w.held = r.held
	case r.job.kind == send && r.err == nil:
		w.held += len(r.job.recs)
	}
}

// decided ends the suspense of a batch with nothing left to send, and keeps it
// up while the worker holds. A batch that went back to the buffer is not asked.
func (w *Worker) decided(b *batch) {
	switch {
	case !b.launched:
	case w.refusals.holding:
		b.revive()
	case !b.undecided():
		w.confirm(b)
	}
}

// probed takes the Prober's answer.
func (w *Worker) probed(err error) {
	if err == nil {
		w.breaker.probed = true
		return
	}
	if w.polled(err) {
		return
	}
	w.failed(fmt.Errorf("deliver: probe of route %q: %w", w.opts.Route, err))
	w.retry(w.head(), transport.Classify(err, 1).After)
}

// polled takes back what a connection held that broke while nothing was sent,
// and reports whether there was such a thing. It is the only answer to a poll
// that counts: any other error is told by the next Send, and a poll every
// second would tell it every second.
func (w *Worker) polled(err error) bool {
	n := transport.Classify(err, 1).Resend
	if n == 0 || w.holder == nil {
		return false
	}
	w.failed(fmt.Errorf("deliver: connection of route %q: %w", w.opts.Route, err))
	var b *batch
	if len(w.window) > 0 {
		b = w.window[0] // the only one: a Holder gets one Send at a time
	}
	w.resend(b, n)
	return true
}

// recycle keeps a batch's memory for the next one. There are at most
// MaxInFlight in the window and one that fills, so the worker's memory is
// bounded by that many batches, whatever the destination does.
func (w *Worker) recycle(b *batch) {
	b.reset()
	w.free = append(w.free, b)
}

// wait sleeps until something happens: an answer, a record, an alarm, Close.
func (w *Worker) wait(p plan, now time.Time) {
	ready, ok := w.arm(now)
	if !ok {
		return
	}
	var alarm <-chan time.Time
	if p.step != none {
		w.timer.Reset(p.at.Sub(now))
		defer w.timer.Stop()
		alarm = w.timer.C
	}
	var ended <-chan struct{}
	if w.ending != nil {
		ended = w.ending.Done()
	}
	select {
	case r := <-w.results:
		w.landed(r)
	case <-ready:
		w.wakeable = time.Now().Add(wakeEvery)
	case <-alarm:
	case <-ended:
	case <-w.mail.news:
		w.parting.wanted = true
	case ctx := <-w.requests:
		if w.ending == nil { // of several calls of Close, the first one's deadline counts
			w.ending = ctx
		}
	}
}

// arm asks the source to wake the worker, if it wants that. It returns false
// if there is no reason to sleep. The order — nothing read, then Arm, then
// sleep — is what loses no wake-up: an append before Arm makes Arm return
// false, one after it sends on Ready.
func (w *Worker) arm(now time.Time) (<-chan struct{}, bool) {
	if !w.wantsReady(now) {
		return nil, true
	}
	if now.Before(w.wakeable) {
		w.rested = len(w.window) == 0
		return nil, true // planLooks has set an alarm
	}
	if w.spins <= patientSpins && !w.opts.Buffer.Arm() {
		w.spins++
		runtime.Gosched()
		return nil, false
	}
	w.spins = 0
	if w.lossDue(now) { // looked at after Arm, so that a later loss wakes the worker
		return nil, false
	}
	if w.closing() && w.drained() {
		// A moment ago it was not: Arm had news of a loss that was told by then. It
		// has none any more, and nothing would wake the worker again.
		return nil, false
	}
	if len(w.window) == 0 {
		w.rested = true
		w.dismiss(1)
	}
	return w.opts.Buffer.Ready(), true
}

// show keeps the figures of Stats that are not counters.
func (w *Worker) show() {
	held := w.ledger.sent
	if w.holder == nil && w.shown == w.breaker.state {
		return
	}
	w.shown = w.breaker.state
	w.counters.change(func(s *Stats) { s.Breaker, s.Held = w.shown.String(), held })
}
