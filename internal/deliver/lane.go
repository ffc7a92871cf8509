package deliver

import (
	"context"
	"errors"
	"fmt"

	"github.com/slogship/slogship/encode"
)

// ErrPanic is what a panic in foreign code becomes: an error like any other,
// with the value in its text.
var ErrPanic = errors.New("panic")

// ErrGoexit is what runtime.Goexit in foreign code becomes.
var ErrGoexit = errors.New("runtime.Goexit")

// lane is a goroutine that runs one job at a time. It ends with its worker, or
// before that when the route comes to rest and it is not the last.
type lane struct {
	out  *outlet
	jobs chan job      // capacity 1; closed when the lane shall end
	done chan struct{} // closed when it has ended
}

// job is what a lane can be asked to do.
type job struct {
	kind step
	b    *batch
	recs []encode.Record // kind send: what to send
}

// result is the answer to one job.
type result struct {
	lane *lane
	job  job
	err  error
	held int // what the transport holds, after all kinds but bury; -1: not known
}

// startLane adds a lane to the worker's.
func (w *Worker) startLane() *lane {
	l := &lane{out: w.outlet, jobs: make(chan job, 1), done: make(chan struct{})}
	w.lanes = append(w.lanes, l)
	go w.runLane(l)
	return l
}

// runLane is a lane's goroutine. Nothing in a deferred function can stop
// runtime.Goexit, and testing.T.FailNow in an adapter's callback is one; so the
// goroutine posts the result with its last breath and leaves the lane to a new
// one.
func (w *Worker) runLane(l *lane) {
	var current *job
	defer func() {
		if current == nil {
			close(l.done)
			return
		}
		l.out.results <- result{lane: l, job: *current, err: fmt.Errorf("deliver: %w in %v", ErrGoexit, current.kind), held: -1}
		go w.runLane(l)
	}()
	for j := range l.jobs {
		current = &j
		r := result{lane: l, job: j, err: l.out.work(&j), held: l.out.askHeld(&j)}
		current = nil
		l.out.results <- r // never blocks: there is room for one result a lane
	}
}

// work does a job on the lane's goroutine.
func (o *outlet) work(j *job) error {
	switch j.kind {
	case bury:
		return o.bury(j.b)
	case shut:
		return contain("close", o.opts.Transport.Close)
	case probe:
		return o.probe()
	case poll:
		if o.prober != nil {
			return o.probe() // before Held is asked: what a break takes back is held no longer
		}
		return nil
	case send:
		return o.timed(func(ctx context.Context) error { return o.opts.Transport.Send(ctx, j.recs) })
	default:
		return nil
	}
}

func (o *outlet) probe() error {
	return o.timed(func(ctx context.Context) error { return o.prober.Probe(ctx) })
}

// timed runs f under the route's mark and the deadline of one Send.
func (o *outlet) timed(f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(o.ctx, o.opts.SendTimeout)
	defer cancel()
	return contain("send", func() error { return f(ctx) })
}

// askHeld asks the transport right after a job, on the same lane: with a
// Holder there is one lane, so the question never meets a Send.
func (o *outlet) askHeld(j *job) (held int) {
	if o.holder == nil || j.kind == bury {
		return 0
	}
	held = -1
	_ = contain("held", func() error {
		held = max(o.holder.Held(), 0)
		return nil
	})
	return held
}

// contain runs foreign code. A panic is as good an error as any: the worker
// backs off and tries again, and the text says where to look.
func contain(what string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("deliver: %w in %s: %v", ErrPanic, what, p)
		}
	}()
	return f()
}

// hire gives a job to a lane that is idle, or to a new one.
func (w *Worker) hire(j job) {
	var l *lane
	if n := len(w.idle); n > 0 {
		l, w.idle = w.idle[n-1], w.idle[:n-1]
	} else {
		l = w.startLane()
	}
	w.flying++
	l.jobs <- j
}

// dismiss ends all idle lanes but that many: a route at rest keeps one, to send
// its next record without starting a goroutine and growing its stack anew.
func (w *Worker) dismiss(keep int) {
	for len(w.idle) > keep {
		l := w.idle[len(w.idle)-1]
		w.idle = w.idle[:len(w.idle)-1]
		close(l.jobs)
		<-l.done // at once: it waits for jobs
		w.forget(l)
	}
}

func (w *Worker) forget(l *lane) {
	for i, other := range w.lanes {
		if other == l {
			w.lanes = append(w.lanes[:i], w.lanes[i+1:]...)
			return
		}
	}
}
