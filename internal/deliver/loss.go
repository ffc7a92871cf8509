package deliver

import (
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
)

// lossMessage is the message of a loss report, and discardMessage that of one in
// which there is nothing but what policies of the route discarded, as they were
// told to: who is called at night for the one must not be for the other.
const (
	lossMessage    = "slogship lost records"
	discardMessage = "slogship discarded records"
)

// lossEvery is the least time between two loss reports. Under overload each
// batch would have one otherwise; losses gather instead.
const lossEvery = time.Second

// losses knows which loss report is on its way. It is the worker goroutine's
// own.
type losses struct {
	current buffer.Loss
	sending bool      // current is in a batch or in the ledger
	next    time.Time // no report before this
}

// peek returns the report that is due, if there is one.
func (l *losses) peek(source Accountant, now time.Time) (buffer.Loss, bool) {
	if l.sending || now.Before(l.next) {
		return buffer.Loss{}, false
	}
	return source.Loss()
}

// take is peek by someone who sends the report. One that was never
// acknowledged comes again from the source with the ID it had, also after a
// restart, so a destination can drop the repetition.
func (l *losses) take(source Accountant, now time.Time) (*buffer.Loss, bool) {
	loss, ok := l.peek(source, now)
	if !ok {
		return nil, false
	}
	l.current, l.sending, l.next = loss, true, now.Add(lossEvery)
	return &l.current, true
}

// due returns when an otherwise idle worker has to look again: only while the
// interval between two reports runs, because what is lost later than that
// wakes the worker through Ready.
func (l *losses) due(now time.Time) (time.Time, bool) {
	return l.next, !l.sending && now.Before(l.next)
}

// forget is called when the report's batch is forgotten: it is taken again.
func (l *losses) forget() { l.sending, l.next = false, time.Time{} }

func (l *losses) reported(source Accountant, id encode.ID) {
	l.sending = false
	source.Reported(id)
}

// isReport reports whether slot i is a loss report and no record of the route.
func (b *batch) isReport(i int) bool { return b.report && i == 0 }

// lossDue reports whether there is a report to send. There is none while the
// worker holds: it would be refused, and then nobody would ever be told.
func (w *Worker) lossDue(now time.Time) bool {
	if w.refusals.holding {
		return false
	}
	_, due := w.losses.peek(w.opts.Buffer, now)
	return due
}

// addReport puts the loss report that is due in front of an empty batch, so
// that it is sent ahead of the records that come after the gap.
func (w *Worker) addReport(b *batch, now time.Time) {
	if w.refusals.holding {
		return
	}
	loss, ok := w.losses.take(w.opts.Buffer, now)
	if !ok {
		return
	}
	b.report = true
	level, message := slog.LevelWarn, lossMessage
	if discardsOnly(&loss.Counts) {
		level, message = slog.LevelInfo, discardMessage
	}
	// Its mark is that of the record before it: acknowledging it moves nothing.
	rec := b.add(slot{mark: w.readMark, size: lossSize, stamp: loss.Until, level: uint8(encode.LevelIndex(level))})
	*rec = encode.Record{
		ID:       loss.ID,
		Time:     time.Unix(0, loss.Until),
		Observed: time.Unix(0, loss.Until),
		Level:    level,
		Message:  message,
		Attrs:    lossAttrs(loss),
		Resource: w.ownResource(),
	}
}

// lossSize is what a loss report counts for in MaxBytes, about its size as
// JSON.
const lossSize = 512

// discardsOnly reports whether all that was counted was discarded by a policy.
func discardsOnly(c *buffer.Counts) bool {
	for r := range c {
		switch buffer.Reason(r) {
		case buffer.Sampled, buffer.RateLimited, buffer.Deduplicated:
			continue
		}
		if c[r] != [buffer.Levels]uint64{} {
			return false
		}
	}
	return true
}

func lossAttrs(l *buffer.Loss) []slog.Attr {
	attrs := []slog.Attr{
		slog.Uint64("count", l.Counts.Total()),
		slog.Time("since", time.Unix(0, l.Since)),
		slog.Time("until", time.Unix(0, l.Until)),
	}
	if l.First != (encode.ID{}) { // discarded records have none
		attrs = append(attrs, slog.String("first_id", encode.ID(l.First).String()),
			slog.String("last_id", encode.ID(l.Last).String()))
	}
	var reasons []slog.Attr
	for r := range l.Counts {
		if byLevel := levelAttrs(&l.Counts[r]); len(byLevel) > 0 {
			reasons = append(reasons, slog.GroupAttrs(buffer.Reason(r).String(), byLevel...))
		}
	}
	if len(reasons) > 0 {
		attrs = append(attrs, slog.GroupAttrs("reasons", reasons...))
	}
	return attrs
}

func levelAttrs(counts *[buffer.Levels]uint64) []slog.Attr {
	var attrs []slog.Attr
	for l, n := range counts {
		if n > 0 {
			attrs = append(attrs, slog.Uint64(encode.LevelName(encode.NamedLevel(l)), n))
		}
	}
	return attrs
}
