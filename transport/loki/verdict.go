package loki

import (
	"errors"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// verdict makes one answer of those to the requests of a Send.
type verdict struct {
	answers *transport.Answers
	took    bool              // something was stored
	refusal *httpstatus.Error // the first that is about entries
	failure error             // the first that is not
}

// take notes the answer to one stream. It reports whether to go on with the next.
func (v *verdict) take(st *stream, sent int, err error) bool {
	if err == nil {
		v.took = v.took || sent > 0
		return true
	}
	e, ok := errors.AsType[*httpstatus.Error](err)
	if !ok || !aboutEntries(e) {
		v.failure = err
		return false
	}
	if v.refusal == nil {
		v.refusal = e
	}
	if sent == 1 {
		// Alone: this is the guilty one.
		v.mark(st, e.Outcome())
		return true
	}
	// One entry of them, or some, are at fault; the others are stored. Plain, so
	// that these go again without the other streams. Then, nothing else being in
	// the Send, its answer is theirs: see result.
	v.mark(st, e)
	return true
}

// mark gives the records of a stream the answer err, but for those that the
// encoder refused.
func (v *verdict) mark(st *stream, err error) {
	for _, m := range st.members {
		if !m.refused {
			v.answers.Set(m.index, err)
		}
	}
}

// result is what Send returns. A batch of which nothing was stored has one answer
// for all, which lets the worker look for the guilty record: it divides the batch
// until that stands alone. Reading out of Loki's text which entries it means was
// rejected: the text is cut, it may be about several things at once, and what is
// read wrongly is lost, where what is sent again is a copy at worst.
func (v *verdict) result() error {
	switch {
	case v.took:
		return v.answers.Err()
	case v.failure != nil:
		return v.failure
	case v.refusal != nil:
		return v.refusal.Outcome()
	default:
		return v.answers.Err()
	}
}
