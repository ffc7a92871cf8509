package transport

import (
	"errors"
	"time"
)

// Outcome is what a Send's error asks of the delivery worker. The fields are
// looked at in the order in which they stand here; [Classify] fills them.
//
//	nil                     acknowledges the batch
//	Resend(err, n)          rewinds: the newest n sent records go again
//	RetryAfter(err, d)      waits max(backoff, d); err may be a BatchError
//	*BatchError             acknowledges and condemns record by record
//	ErrTooLarge             splits the batch
//	Permanent(err)          bisects the batch
//	any other error         backs off and sends the same records again
type Outcome struct {
	Resend    int           // how many sent records go again; 0: none
	After     time.Duration // the least time to wait before the next Send
	Batch     *BatchError   // each record's own answer; nil: one answer for all
	TooLarge  bool
	Permanent bool
}

// Classify is the one place where Send's errors are told apart. size is the
// number of records in the batch. An Outcome whose fields are all zero means a
// plain error: try again.
func Classify(err error, size int) Outcome {
	var out Outcome
	if resend, ok := errors.AsType[*resendError](err); ok {
		out.Resend = resend.n
		return out
	}
	if after, ok := errors.AsType[*retryAfterError](err); ok {
		out.After = after.after
	}
	if batch, ok := errors.AsType[*BatchError](err); ok {
		if len(batch.Errs) == size {
			out.Batch = batch
		}
		return out
	}
	switch {
	case errors.Is(err, ErrTooLarge):
		out.TooLarge = true
	default:
		_, out.Permanent = errors.AsType[*permanentError](err)
	}
	return out
}
