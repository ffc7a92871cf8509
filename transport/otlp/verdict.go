package otlp

import (
	"time"

	"github.com/slogship/slogship/transport"
)

// verdict makes one answer of those to the requests of a Send.
type verdict struct {
	answers transport.Answers
	size    int
	whole   error         // the answer to a request with all records
	after   time.Duration // the longest wait that was asked for
}

// take notes the answer to one request. It reports whether to go on with the
// next: a refusal is about the records of one request and says nothing of the
// others, while a server that is down, or asks to wait, is so for all.
//
// A request that holds all records of the Send has its answer for itself, and it is
// returned as it is: the worker knows best what to do with a Permanent or an
// ErrTooLarge. That is nearly always so; the rest is for batches above MaxMessage.
func (v *verdict) take(a attempt) bool {
	if a.rejected >= a.sent {
		// All of it: each record has its answer, and none goes again.
		v.mark(a.from, a.to, transport.Permanent(a.partial))
		return true
	}
	if a.err == nil {
		return true
	}
	out := transport.Classify(a.err, v.size)
	v.after = max(v.after, out.After)
	switch {
	case a.sent == v.size:
		v.whole = a.err
	case a.sent == 1:
		v.mark(a.from, a.to, a.err)
	case out.Permanent || out.TooLarge:
		// Of these records one is at fault, or they are too many. As they are not
		// alone in this Send, they go again without the others; that Send has
		// its answer for itself, and the worker divides it.
		v.mark(a.from, a.to, divided{a.err})
	default:
		v.mark(a.from, a.to, a.err)
	}
	return out.Permanent || out.TooLarge
}

// divided is an error without its class. It has no Unwrap on purpose: errors.As would
// find the Permanent in it, and condemn the innocent.
type divided struct{ cause error }

func (e divided) Error() string {
	return "goes again without the records that were taken: " + e.cause.Error()
}

// mark gives records the answer err, but for those that were too large.
func (v *verdict) mark(from, to int, err error) {
	for i := from; i < to; i++ {
		if v.answers.At(i) == nil {
			v.answers.Set(i, err)
		}
	}
}

// result is what Send returns.
func (v *verdict) result() error {
	if v.whole != nil {
		return v.whole
	}
	err := v.answers.Err()
	if v.after > 0 {
		return transport.RetryAfter(err, v.after)
	}
	return err
}
