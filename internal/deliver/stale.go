package deliver

import (
	"log/slog"
	"slices"
	"time"

	"github.com/slogship/slogship/internal/buffer"
)

// originalTime is the attribute that keeps the logged time of a restamped
// record.
const originalTime = "original_time"

// expire applies MaxAge to the pending records of b. It runs before each Send,
// so a record that was young at its first attempt may be too old at a later
// one.
func (w *Worker) expire(b *batch) {
	if w.opts.MaxAge <= 0 {
		return
	}
	now := time.Now()
	cutoff := now.UnixNano() - int64(w.opts.MaxAge)
	for i := range b.slots {
		if s := &b.slots[i]; s.state == pending && s.stamp < cutoff && !b.isReport(i) {
			w.stale(b, i, now)
		}
	}
	b.trim()
}

func (w *Worker) stale(b *batch, i int, now time.Time) {
	switch w.opts.OnStale {
	case Restamp:
		b.restamp(i, now)
	case DeadLetter:
		w.condemn(&b.slots[i], buffer.TooOld, nil)
	default:
		b.slots[i].state, b.slots[i].reason = lost, buffer.TooOld
	}
}

// restamp gives a record the present as its time. It counts as new from here:
// a destination that turns away records older than an hour has to get a newer
// time again after another hour of retries.
func (b *batch) restamp(i int, now time.Time) {
	s, rec := &b.slots[i], &b.recs[i]
	if !s.stamped {
		// Clip: the decoder packs the attributes of all records into one
		// array, and an append in place would overwrite the next record's.
		rec.Attrs = append(slices.Clip(rec.Attrs), slog.Time(originalTime, rec.Time))
	}
	rec.Time = now
	s.stamp, s.stamped = now.UnixNano(), true
}
