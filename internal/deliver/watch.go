package deliver

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
)

// Undelivered is what Watch.Wait returns for a record that the destination
// will not get from this worker. Retrying is the caller's decision: the record
// was refused, dropped as too old, or (Reason "closed") is still in the buffer
// and will be delivered by the next worker.
type Undelivered struct {
	Reason string // "refused", "too_old", "undecodable", "lost" (dropped by the buffer unread) or "closed"
	Answer error  // what the destination said; nil if it was not asked
}

func (e *Undelivered) Error() string {
	if e.Answer == nil {
		return "deliver: not delivered: " + e.Reason
	}
	return fmt.Sprintf("deliver: not delivered: %s: %v", e.Reason, e.Answer)
}

func (e *Undelivered) Unwrap() error { return e.Answer }

// Watch waits for the fate of one record.
type Watch struct {
	list *watches
	id   encode.ID
	pos  buffer.Position // see At; 0: not told. Guarded by list.mu
	done chan struct{}   // closed when err is set
	err  error           // written once, before done is closed
}

// watches are the watches of one worker. Nearly always there are none, and
// then a batch pays one atomic load for all of it.
type watches struct {
	count  atomic.Int32 // len(byID), so that the worker need not lock to see 0
	mu     sync.Mutex   // guards the fields below
	byID   map[encode.ID]*Watch
	closed bool
}

// Watch registers interest in the record with this ID. Call it before the
// append: the worker may be faster than a call after it. One watch per ID; a
// second one for the same ID replaces the first. Each Watch needs a Wait or a
// Cancel.
func (w *Worker) Watch(id encode.ID) *Watch { return w.watches.add(id) }

func (l *watches) add(id encode.ID) *Watch {
	watch := &Watch{list: l, id: id, done: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		watch.settle(&Undelivered{Reason: "closed"})
		return watch
	}
	if l.byID == nil {
		l.byID = make(map[encode.ID]*Watch)
	}
	l.byID[id] = watch
	l.count.Store(int32(len(l.byID)))
	return watch
}

// At tells the watch where its record is, as Append returned it. Without it the
// watch of a record that a full buffer drops unread ends with its Wait's
// context or the worker. It may be called after the record's fate is known.
func (watch *Watch) At(pos buffer.Position) {
	watch.list.mu.Lock()
	defer watch.list.mu.Unlock()
	watch.pos = pos
}

// Wait blocks until the record's fate is known or ctx is done, and ends the
// watch. It returns nil if the destination has acknowledged the record (for a
// destination without acknowledgements: if the transport no longer holds it),
// an *Undelivered, or the context's cause; after the latter the record is
// still on its way.
func (watch *Watch) Wait(ctx context.Context) error {
	select {
	case <-watch.done:
		return watch.err
	case <-ctx.Done():
		watch.Cancel()
		return fmt.Errorf("deliver: wait for %q: %w", watch.id, context.Cause(ctx))
	}
}

// Cancel ends the watch. It may be called at any time, also twice.
func (watch *Watch) Cancel() {
	l := watch.list
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byID[watch.id] == watch {
		l.remove(watch.id)
	}
}

func (watch *Watch) settle(err error) {
	watch.err = err
	close(watch.done)
}

// any reports whether there is something to look up at all. A watch that is
// registered before an append is seen by the worker that reads what was
// appended, because the buffer's commit orders the two.
func (l *watches) any() bool { return l.count.Load() != 0 }

// has reports whether the record is watched. It is asked only where any said
// yes, so its lock is taken for batches around a Deliver and no others.
func (l *watches) has(id encode.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byID[id] != nil
}

// resolve tells the record's watch, if there is one, what became of it.
func (l *watches) resolve(id encode.ID, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if watch := l.byID[id]; watch != nil {
		l.remove(id)
		watch.settle(err)
	}
}

// remove needs l.mu held.
func (l *watches) remove(id encode.ID) {
	delete(l.byID, id)
	l.count.Store(int32(len(l.byID)))
}

// close resolves what is left: no fate will come any more.
func (l *watches) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for id, watch := range l.byID {
		l.remove(id)
		watch.settle(&Undelivered{Reason: "closed"})
	}
}

// overdue returns the watches whose records are before the position.
func (l *watches) overdue(acked buffer.Position) []*Watch {
	l.mu.Lock()
	defer l.mu.Unlock()
	var late []*Watch
	for _, watch := range l.byID {
		if watch.pos != 0 && watch.pos <= acked {
			late = append(late, watch)
		}
	}
	return late
}

// watchEvery is how often an idle worker looks whether a watched record was
// dropped. At may be called when the drop is over and has woken the worker
// already; a look now and then, while somebody waits, needs no second way of
// waking it.
const watchEvery = time.Second

// settleDropped resolves the watches of records that nobody will decide about:
// the cursor is past them, and the worker does not have them. The second
// condition matters because a full buffer also drops what was read and is still
// being sent, and that may well be delivered.
func (w *Worker) settleDropped() {
	if !w.watches.any() {
		return
	}
	for _, watch := range w.watches.overdue(w.opts.Buffer.Acked()) {
		if !w.hasRecord(watch.id) {
			w.watches.resolve(watch.id, &Undelivered{Reason: "lost"})
		}
	}
}

// hasRecord looks through all that was read and is not acknowledged. It takes
// a while, and is asked only about a watched record that was dropped.
func (w *Worker) hasRecord(id encode.ID) bool {
	for _, b := range w.window {
		if b.hasRecord(id) {
			return true
		}
	}
	return w.next != nil && w.next.hasRecord(id) || w.ledger.hasRecord(id)
}

// hasRecord only reads IDs, so it may run while a lane has the batch.
func (b *batch) hasRecord(id encode.ID) bool {
	for i := range b.recs {
		if b.recs[i].ID == id {
			return true
		}
	}
	return false
}

// hasRecord finds watched records only: the others' IDs are gone.
func (l *ledger) hasRecord(id encode.ID) bool {
	for _, e := range l.entries[l.head:] {
		if e.note != nil && e.note.id == id {
			return true
		}
	}
	return false
}
