package handler

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/deliver"
)

// Log logs a record and, unlike slog, tells what became of it: nil when it is
// as safe as each of its routes promises (see the README's table), else the
// errors of the routes that did not take it, each a *RouteError around one of
// this package's errors. A record that no route takes is not an error, and
// neither is one that a route's policies discard (Sample, Dedupe, Limit): Stats
// counts it.
func (h *Handler) Log(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) error {
	if !h.Enabled(ctx, level) {
		return nil
	}
	r := newRecord(level, msg, attrs)
	return h.Handle(ctx, r)
}

// Deliver logs a record and waits until every route that takes it has its
// destination's acknowledgement, or ctx is done. nil means delivered. After an
// error of ctx, or ErrPending, the record is still on its way; after another it
// is not, and the error says for each route why, as a *RouteError. Routes without
// acknowledgements count as delivered when the transport no longer holds the
// record. Sample, Dedupe and Limit of the routes do not apply.
func (h *Handler) Deliver(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) error {
	if !h.Enabled(ctx, level) {
		return nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	r := newRecord(level, msg, attrs)
	var w watches
	err := h.ship(ctx, h.core.table.Load(), &r, &w)
	if h.next != nil && h.next.Enabled(ctx, level) {
		err = errors.Join(err, h.next.Handle(ctx, r))
	}
	return errors.Join(err, w.wait(ctx))
}

// newRecord makes a record with the PC of the caller of its caller.
func newRecord(level slog.Level, msg string, attrs []slog.Attr) slog.Record {
	var pcs [1]uintptr
	runtime.Callers(3, pcs[:]) // skip Callers, newRecord and Log or Deliver
	r := slog.NewRecord(time.Now(), level, msg, pcs[0])
	r.AddAttrs(attrs...)
	return r
}

// watches are one Deliver's watches, one a lane.
type watches struct {
	lanes []*lane
	list  []*deliver.Watch
}

// add registers before the append: the worker may be faster than a call after.
func (w *watches) add(l *lane, id encode.ID) {
	w.lanes = append(w.lanes, l)
	w.list = append(w.list, l.worker.Watch(id))
}

// stored says what Append did with the record of the last watch, and returns
// what of it is Deliver's error. If the record is nowhere, the watch is taken
// back. If it is there and not yet durable, it is waited for all the same: the
// destination's acknowledgement is more than a sync, and an error would say that
// the record is not on its way.
func (w *watches) stored(at buffer.Position, err error) error {
	last := len(w.list) - 1
	if err == nil || errors.Is(err, buffer.ErrNotDurable) {
		w.list[last].At(at)
		return nil
	}
	w.list[last].Cancel()
	w.lanes, w.list = w.lanes[:last], w.list[:last]
	return err
}

func (w *watches) wait(ctx context.Context) error {
	var errs []error
	for i, watch := range w.list {
		if err := watch.Wait(ctx); err != nil {
			errs = append(errs, &RouteError{Route: w.lanes[i].route.Name, Err: fateError(err)})
		}
	}
	return errors.Join(errs...)
}
