package transport

import (
	"errors"
	"fmt"
	"time"
)

// ErrClosed is returned by Send after Close.
var ErrClosed = errors.New("transport: closed")

// ErrTooLarge says that the destination (or its protocol) refuses a request of
// this size. The worker splits the batch and sends the halves; a record that is
// too large alone is permanent.
var ErrTooLarge = errors.New("transport: too large for the destination")

// Permanent marks err as being about the records: they were refused and will
// be refused every time (400 and 422, a message that the broker says is too
// large, an encoder's error). The worker bisects the batch until the guilty
// record stands alone, delivers the rest and gives that one to the dead letter.
// Never use it for what is wrong with the destination: credentials, routes,
// quotas, broken proxies. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// RetryAfter asks the worker to wait at least d (counted from Send's return)
// before it sends again, as a Retry-After header does. err may be a
// [*BatchError]. RetryAfter(nil, d) is nil.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &retryAfterError{err, d}
}

type retryAfterError struct {
	err   error
	after time.Duration
}

func (e *retryAfterError) Error() string {
	return fmt.Sprintf("%v (retry after %v)", e.err, e.after)
}
func (e *retryAfterError) Unwrap() error { return e.err }

// Resend says that the newest n records for which Send had returned nil may be
// lost, because the connection broke before the peer had read them. They and
// the batch of this Send go again, from the buffer. Resend(nil, n) is nil.
func Resend(err error, n int) error {
	if err == nil {
		return nil
	}
	return &resendError{err, n}
}

type resendError struct {
	err error
	n   int
}

func (e *resendError) Error() string {
	return fmt.Sprintf("%v (%d records sent before are to be sent again)", e.err, e.n)
}
func (e *resendError) Unwrap() error { return e.err }

// BatchError gives each record of a batch its own answer. Errs is aligned with
// the batch: nil means accepted, and a child may be [Permanent] or
// [RetryAfter]. A BatchError of another length than the batch is taken as a
// plain error for all of it.
//
// It has no Unwrap on purpose: errors.As must not find one permanent child and
// condemn the batch for it.
type BatchError struct{ Errs []error }

func (e *BatchError) Error() string {
	failed, first := 0, error(nil)
	for _, err := range e.Errs {
		if err != nil {
			if failed == 0 {
				first = err
			}
			failed++
		}
	}
	return fmt.Sprintf("transport: %d of %d records refused, the first: %v", failed, len(e.Errs), first)
}
