package group

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slogship/slogship/transport"
)

var (
	// ErrNoMember is in the chain of what Send and Probe of a Failover or a
	// Balance return when no member took the records.
	ErrNoMember = errors.New("no member took the records")

	// ErrQuorum is in the chain of what Send and Probe of a Quorum return when
	// fewer than QuorumSize members took the records.
	ErrQuorum = errors.New("fewer members than the quorum took the records")
)

// said is a member's error that must not ask anything of the worker: neither to
// wait, as another member may be back sooner, nor to condemn a record that
// another member may take. So it has no Unwrap, which transport.Classify would
// follow; errors.Is still finds what the cause is.
type said struct {
	name string
	err  error
}

func (e *said) Error() string { return fmt.Sprintf("%s: %v", e.name, e.err) }

// Is leaves out ErrTooLarge: Classify looks for it with errors.Is.
func (e *said) Is(target error) bool {
	return target != transport.ErrTooLarge && errors.Is(e.err, target)
}

// failures gathers what members said that did not take the records.
type failures struct {
	errs  []error
	after time.Duration // the least that one asked for, free included; 0: none did
	other bool          // one did not ask for time
	free  time.Duration // when the first is back that was not even asked, for its earlier answer; 0: there is none
}

func (f *failures) add(m *member, err error, after time.Duration) {
	f.errs = append(f.errs, &said{m.name, err})
	f.ask(after)
}

// ask notes for how long a member wants to be left alone; 0: it did not say.
// free is a bound for that and no reason to wait by itself: who failed without
// asking for time may be well again sooner.
func (f *failures) ask(after time.Duration) {
	if after <= 0 {
		f.other = true
		return
	}
	f.after = shorter(shorter(f.after, f.free), after)
}

// shorter returns the shorter of two times, of which 0 is none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// err returns what Send has to return if no record was taken. The worker is
// asked to wait only if each member asked for it, and for the shortest of their
// times: else one overloaded member would keep records from the others.
func (f *failures) err(kind string, sentinel error) error {
	err := fmt.Errorf("group: %s: %w", kind, sentinel)
	if len(f.errs) > 0 {
		err = fmt.Errorf("%w: %w", err, errors.Join(f.errs...))
	}
	return f.wait(err)
}

// wait wraps err with the time to wait, if there is one.
func (f *failures) wait(err error) error {
	if f.other || f.after == 0 {
		return err
	}
	return transport.RetryAfter(err, f.after)
}

// shownMost bounds a member's last error in its state.
const shownMost = 512

// show returns an error's text for the state. Errors of transports hold no
// secret, says their contract; user information of a URL is masked all the same,
// as a state ends up on dashboards.
func show(err error) string {
	text := maskUsers(err.Error())
	if len(text) > shownMost {
		text = strings.ToValidUTF8(text[:shownMost-len("…")], "") + "…"
	}
	return text
}

// maskUsers replaces what stands between :// and the last @ of the same word.
func maskUsers(s string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "://")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("://")
		word := len(after)
		if end := strings.IndexAny(after, " \t\n\"'<>"); end >= 0 {
			word = end
		}
		if at := strings.LastIndexByte(after[:word], '@'); at >= 0 {
			b.WriteString("xxxxx")
			after = after[at:]
		}
		s = after
	}
}
