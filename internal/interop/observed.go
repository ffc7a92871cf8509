package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// progress is what the killer has to know about a transport at work. Its
// transport is an ordinary one with a witness in front.
type progress struct {
	mu      sync.Mutex
	changed chan struct{} // guarded by mu; closed and replaced with each change
	begun   int           // guarded by mu; Sends that have begun
	ended   int           // guarded by mu; Sends that have ended: begun or begun-1, as there is one at a time
	sent    int           // guarded by mu; records taken by a Send, less those that Resend took back
	passed  int           // guarded by mu; number of the latest Send that returned nil, from 1
	failed  map[int]bool  // guarded by mu; numbers of the Sends that failed, from 1
	resends int           // guarded by mu; answers that asked for records to go again
	took    time.Duration // guarded by mu; of the latest Send that returned nil
	last    error         // guarded by mu; the latest answer that was an error
	holds   bool          // guarded by mu; the transport holds records until they are read
}

func newProgress() *progress { return &progress{changed: make(chan struct{}), failed: map[int]bool{}} }

// moment is a copy of progress at one time.
type moment struct {
	begun, ended, sent, passed, resends int
	took                                time.Duration
	holds                               bool
}

func (p *progress) now() moment {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.momentLocked()
}

func (p *progress) momentLocked() moment {
	return moment{p.begun, p.ended, p.sent, p.passed, p.resends, p.took, p.holds}
}

// hasFailed reports whether the Send with that number ended with an error.
func (p *progress) hasFailed(send int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed[send]
}

// lastError is the latest answer that was none, or errNoAnswer.
func (p *progress) lastError() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return cmp.Or(p.last, errNoAnswer)
}

var errNoAnswer = errors.New("no Send has ended with an error")

// wait returns the first moment that satisfies ok.
func (p *progress) wait(ctx context.Context, ok func(moment) bool) (moment, error) {
	for {
		p.mu.Lock()
		m, changed := p.momentLocked(), p.changed
		p.mu.Unlock()
		if ok(m) {
			return m, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return m, fmt.Errorf("stuck at %+v: %w", m, context.Cause(ctx))
		}
	}
}

func (p *progress) note(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	close(p.changed)
	p.changed = make(chan struct{})
}

// answer notes what a Send or Probe of n records returned.
func (p *progress) answer(err error, n int, send bool) {
	out := transport.Classify(err, n)
	p.note(func() {
		if send {
			p.ended++
			p.sent += accepted(err, out, n)
		}
		if err == nil {
			if send {
				p.passed = p.begun
			}
			return
		}
		p.last = err
		if send {
			p.failed[p.begun] = true
		}
		if out.Resend > 0 {
			p.resends++
			p.sent -= out.Resend
		}
	})
}

// accepted is how many of a batch's n records an answer takes.
func accepted(err error, out transport.Outcome, n int) (taken int) {
	if err == nil {
		return n
	}
	if out.Resend > 0 || out.Batch == nil {
		return 0
	}
	for _, child := range out.Batch.Errs {
		if child == nil {
			taken++
		}
	}
	return taken
}

// observed is a Destination whose transport reports to a progress.
type observed struct {
	transport.Destination
	to *progress
}

// Open keeps the optional abilities of the transport: a worker treats one
// that holds records differently.
func (d observed) Open() (transport.Transport, error) {
	inner, err := d.Destination.Open()
	if err != nil {
		return nil, err
	}
	w := witness{Transport: inner, to: d.to}
	holder, holds := inner.(transport.Holder)
	prober, probes := inner.(transport.Prober)
	switch {
	case holds && probes:
		d.to.note(func() { d.to.holds = true })
		return &holding{witness: w, Holder: holder, prober: prober}, nil
	case probes:
		return &probing{witness: w, Prober: prober}, nil
	case holds:
		return nil, errHolds
	default:
		return &w, nil
	}
}

// errHolds: a break while such a transport is idle would be noticed by nobody,
// and nothing here has met one.
var errHolds = errors.New("the transport holds records and is no Prober")

type witness struct {
	transport.Transport
	to *progress
}

// batch is MaxRecords of every route here, unless its transport takes fewer.
const batch = 200

// Describe narrows the batches, so that a kill meets one of many. One Send at
// a time is what the claims about order are made for.
func (w *witness) Describe() transport.Description {
	d := w.Transport.Describe()
	if d.MaxRecords <= 0 || d.MaxRecords > batch {
		d.MaxRecords = batch
	}
	d.MaxInFlight = 1
	return d
}

// ImportPaths is that of the transport, if it has some: see [transport.Client].
func (w *witness) ImportPaths() []string {
	if c, ok := w.Transport.(transport.Client); ok {
		return c.ImportPaths()
	}
	return nil
}

func (w *witness) Send(ctx context.Context, recs []encode.Record) error {
	w.to.note(func() { w.to.begun++ })
	began := time.Now()
	err := w.Transport.Send(ctx, recs)
	if took := time.Since(began); err == nil {
		w.to.note(func() { w.to.took = took })
	}
	w.to.answer(err, len(recs), true)
	return err
}

// probing is the witness of a transport that can be asked for its destination.
// Nothing is to be noted: without records that are held, an answer is of no
// batch.
type probing struct {
	witness
	transport.Prober
}

// holding is the witness of a transport that holds its newest records.
type holding struct {
	witness
	transport.Holder
	prober transport.Prober
}

func (h *holding) Probe(ctx context.Context) error {
	err := h.prober.Probe(ctx)
	h.to.answer(err, 1, false)
	return err
}
