package handler

import (
	"errors"
	"fmt"
	"time"

	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/deliver"
)

// Errors of Log and Deliver, found with errors.Is. The record was not stored
// (and is counted by reason in Stats), except with ErrNotDurable: then it is
// stored and on its way, and only not yet as safe as the route promises (with
// plain writes it still dies with the process), so it is not to be logged
// again. Logging the same again later may succeed after the
// others, but for ErrClosed.
var (
	ErrClosed     = errors.New("handler: closed")                        // the record went to stderr
	ErrFull       = errors.New("handler: buffer full")                   // queue_overflow
	ErrStalled    = errors.New("handler: disk stalled")                  // disk_stalled
	ErrNotDurable = errors.New("handler: stored, but not yet made safe") // a sync or a write failed or is late
)

// Errors of Deliver about a record that was stored, found with errors.Is beside
// the destination's answer, if it gave one. Delivering the same again is the
// caller's decision, except with ErrPending: the next start does it.
var (
	ErrRefused = errors.New("handler: refused by the destination")     // in the dead letter, if there is one
	ErrTooOld  = errors.New("handler: older than the route's MaxAge")  // dropped or in the dead letter
	ErrDropped = errors.New("handler: dropped from a full buffer")     // queue_overflow
	ErrPending = errors.New("handler: closed before it was delivered") // on disk, unless InMemory
)

// ErrOptions is wrapped by New's errors about Options.
var ErrOptions = errors.New("invalid options")

// RouteError is a route's part in an error of Log, Deliver or New.
type RouteError struct {
	Route string
	Err   error
}

func (e *RouteError) Error() string { return fmt.Sprintf("handler: route %q: %v", e.Route, e.Err) }
func (e *RouteError) Unwrap() error { return e.Err }

// publicError gives the buffer's errors the names that users know.
func publicError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, buffer.ErrClosed):
		return ErrClosed
	case errors.Is(err, buffer.ErrFull):
		return ErrFull
	case errors.Is(err, buffer.ErrStalled):
		return ErrStalled
	case errors.Is(err, buffer.ErrNotDurable):
		return ErrNotDurable
	default:
		return err
	}
}

// fateError is what Deliver returns for what a watch has found out.
func fateError(err error) error {
	fate, ok := errors.AsType[*deliver.Undelivered](err)
	if !ok {
		return err // of the caller's ctx
	}
	public := ErrDropped
	switch fate.Reason {
	case "refused", "undecodable":
		public = ErrRefused
	case "too_old":
		public = ErrTooOld
	case "closed":
		public = ErrPending
	}
	if fate.Answer == nil {
		return public
	}
	return fmt.Errorf("%w: %w", public, fate.Answer)
}

// UndeliveredError says what Flush or Close left behind.
type UndeliveredError struct{ Routes []Undelivered }

// Undelivered is one route's part.
type Undelivered struct {
	Route   string
	Records uint64 // of those left by an earlier process, the ones that are counted so far: 0 if none is yet
	Bytes   int64
	Oldest  time.Time // when the oldest was logged; zero if unknown
	OnDisk  bool      // the next start delivers them
	Err     error     // why: a deadline, an open breaker, the destination's last answer
}

func (e *UndeliveredError) Error() string {
	text := "handler: undelivered:"
	for _, u := range e.Routes {
		place := "in memory"
		if u.OnDisk {
			place = "kept on disk"
		}
		text += fmt.Sprintf(" route %q %d records (%d bytes, %s): %v;", u.Route, u.Records, u.Bytes, place, u.Err)
	}
	return text[:len(text)-1]
}

// Unwrap returns each route's Err.
func (e *UndeliveredError) Unwrap() []error {
	errs := make([]error, 0, len(e.Routes))
	for _, u := range e.Routes {
		errs = append(errs, u.Err)
	}
	return errs
}

// panicError is a panic in a transport, turned into an error.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }
