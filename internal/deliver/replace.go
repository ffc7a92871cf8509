package deliver

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/slogship/slogship/transport"
)

// replacement is what Replace wants.
type replacement struct {
	opts Options // its Transport is nil if the old one stays
	desc transport.Description
}

// mail is how a replacement gets to the worker's goroutine: the newest counts,
// so one place is enough.
type mail struct {
	news chan struct{} // capacity 1: there is a replacement

	mu     sync.Mutex   // guards the fields below
	next   *replacement // nil: none
	closed bool         // the worker takes no more
	route  string       // the worker's name, as errors of Close have it
}

// Replace makes the worker go on with the options in o and with the transport
// in it, which it takes over; with none there, the one that it has stays and
// its connections with it. Buffer stays what it was. Replace does not wait: the
// worker starts no more Sends, and once those in flight have returned (each has
// its deadline) it closes the old transport and goes on. What is appended after
// Replace has returned never goes to the old one.
//
// What the old transport was given and nobody has answered for goes to the new
// one: what is left of a batch, and what a transport without acknowledgements
// still holds after its Close, as a later worker would send it. Nothing that
// was acknowledged is sent again. What was learnt about the old destination
// (its breaker, the backoff, refusals that were not yet believed, the size of
// batch that it takes) is forgotten; counters and watches go on.
//
// It may be called at any time. A replacement that the worker has not begun when
// the next one comes is given up; its transport is closed unused, and so is the
// one given to a worker that has ended.
func (w *Worker) Replace(o *Options) {
	r := &replacement{opts: *o}
	var err error
	if o.Transport != nil {
		r.desc, err = describe(o.Transport)
	}
	if unused := w.mail.put(r); unused != nil {
		err = errors.Join(err, contain("close", unused.Close))
	}
	if err != nil && o.OnError != nil {
		err = fmt.Errorf("deliver: replace transport of route %q: %w", o.Route, err)
		_ = contain("OnError", func() error { o.OnError(err); return nil }) // see report
	}
}

// put leaves r for the worker and returns a transport that is of no use now.
func (m *mail) put(r *replacement) (unused transport.Transport) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return r.opts.Transport
	}
	switch old := m.next; {
	case old == nil:
	case r.opts.Transport == nil: // it keeps the newest one, which is this
		r.opts.Transport, r.desc = old.opts.Transport, old.desc
	default:
		unused = old.opts.Transport
	}
	m.next = r
	select {
	case m.news <- struct{}{}:
	default:
	}
	return unused
}

// take returns what was left for the worker, if anything.
func (m *mail) take(last bool) *replacement {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.next
	m.next, m.closed = nil, m.closed || last
	return r
}

func (m *mail) setRoute(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.route = name
}

func (m *mail) routeName() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.route
}

// parting is a replacement under way. It is the worker goroutine's own.
type parting struct {
	wanted bool         // there is a replacement: no job is begun
	to     *replacement // the old transport is being closed for this one
	by     time.Time    // when that has taken too long
}

// replacing reports whether a replacement is under way or asked for.
func (w *Worker) replacing() bool {
	select {
	case <-w.mail.news:
		w.parting.wanted = true
	default:
	}
	return w.parting.active()
}

func (p *parting) active() bool { return p.wanted || p.to != nil }

// planReplace plans the exchange: it begins when no job runs, and does not wait
// for ever for the old transport.
func (w *Worker) planReplace(p *plan) {
	switch {
	case w.parting.to != nil:
		p.offer(leave, nil, w.parting.by)
	case w.flying == 0:
		p.offer(part, nil, time.Time{})
	}
}

// part begins the exchange, and ends it at once if the transport stays.
func (w *Worker) part(now time.Time) {
	w.parting.wanted = false
	r := w.mail.take(false)
	switch {
	case r == nil: // taken with an earlier signal
	case r.opts.Transport == nil:
		w.adjust(r)
	default:
		w.parting.to, w.parting.by = r, now.Add(w.opts.SendTimeout)
		w.hire(job{kind: shut})
	}
}

// leave goes on without the old transport's answer to Close. Its lane ends when
// that returns.
func (w *Worker) leave() {
	w.failed(fmt.Errorf("deliver: close replaced transport of route %q: %w", w.opts.Route, ErrAbandoned))
	for _, l := range w.lanes { // the others are idle
		if !w.isIdle(l) {
			close(l.jobs)
			w.forget(l)
			break
		}
	}
	w.flying--
	w.parted()
}

func (w *Worker) isIdle(l *lane) bool {
	for _, other := range w.idle {
		if other == l {
			return true
		}
	}
	return false
}

// parted is called when the old transport is closed, and what it holds then is
// known: what it can't vouch for goes to the new one.
func (w *Worker) parted() {
	r := w.parting.to
	w.parting.to = nil
	if w.holder != nil && w.held > 0 {
		if mark, again := w.takeBack(w.eldest(), w.held); again {
			w.rewind(mark)
		}
	}
	w.install(r)
	w.held, w.pollAt = 0, time.Time{}
	w.breaker, w.refusals, w.pause = breaker{}, refusals{}, time.Time{}
	w.fit = fit{max: w.opts.MaxBytes, bytes: w.opts.MaxBytes}
	w.pace = pace{rate: float64(w.opts.DrainRate)}
	w.pace.begin(time.Now())
	for _, b := range w.window {
		b.readdress()
	}
	w.counters.change(func(s *Stats) { s.LastError, s.LastErrorAt = nil, time.Time{} })
	w.commit()
	w.show()
}

// adjust changes the options of a worker whose transport stays.
func (w *Worker) adjust(r *replacement) {
	r.opts.Transport, r.desc = w.opts.Transport, w.desc
	was := &w.opts
	w.install(r)
	if w.opts.MaxBytes != was.MaxBytes {
		w.fit = fit{max: w.opts.MaxBytes, bytes: w.opts.MaxBytes}
	}
	if w.pace.rate = float64(w.opts.DrainRate); w.opts.DrainRate <= 0 {
		w.pace.end()
	}
}

// install makes r the worker's outlet. No lane has a job, but for those that were
// abandoned, which keep their own.
func (w *Worker) install(r *replacement) {
	r.opts.Buffer = w.opts.Buffer
	w.dismiss(0)
	w.cancel()
	w.outlet = newOutlet(r.opts, r.desc)
	w.mail.setRoute(r.opts.Route)
	if w.next != nil {
		w.next.linger = time.Time{} // by the old options
	}
}

// eldest returns the first batch in the window, nil if there is none.
func (w *Worker) eldest() *batch {
	if len(w.window) == 0 {
		return nil
	}
	return w.window[0]
}

// readdress makes what is left of b go to another destination: with what the
// old one refused and nobody believes yet, and as if nothing had been tried.
// What the old one accepted stays accepted, and never counts among what the new
// one holds. A record that is condemned stays so: the old destination refused it
// and meant it.
func (b *batch) readdress() {
	for i := range b.slots {
		if b.slots[i].state == accepted {
			b.slots[i].answered = true
		}
	}
	b.failures, b.retryAt = 0, time.Time{}
	b.revive()
}

// narrow cuts the top span to what one Send may hold. Only a batch that was read
// for another transport can be over the limits of this one.
func (b *batch) narrow(records, bytes int) {
	if len(b.slots) <= records && b.bytes <= bytes {
		return
	}
	top := b.spans[len(b.spans)-1]
	n, size := 0, 0
	for i := top.lo; i < top.hi; i++ {
		if b.slots[i].state != pending {
			continue
		}
		if n > 0 && (n == records || size+b.slots[i].size > bytes) {
			b.spans[len(b.spans)-1] = span{i, top.hi}
			b.spans = append(b.spans, span{top.lo, i})
			return
		}
		n, size = n+1, size+b.slots[i].size
	}
}

// closeUnused closes the transport of a replacement that came too late. The
// worker has ended otherwise: what it holds by then is on its way to the next.
func (w *Worker) closeUnused() {
	r := w.mail.take(true)
	if r == nil || r.opts.Transport == nil {
		return
	}
	w.install(r)
	w.closeTransport()
}
