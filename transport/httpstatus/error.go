package httpstatus

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/slogship/slogship/transport"
)

// Error is a destination's answer other than 2xx. Find it with errors.As (or
// errors.AsType) in what Send returned. Every field is safe to print: it holds
// no secret that the adapter knew of and no control character.
type Error struct {
	Op         string        // what was tried, with the package's name: "https: send"
	URL        string        // redacted, see [Redact]
	Status     int           // the HTTP status
	RetryAfter time.Duration // what the destination asked for, bounded; 0: nothing
	Location   string        // where a 3xx points to, redacted; "" otherwise
	Body       string        // excerpt of the answer's body; "" if it had no text
}

// Error returns one line: what, where to, the status and what the body said.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s %q: %s", e.Op, e.URL, statusText(e.Status))
	if e.Location != "" {
		s += fmt.Sprintf(" to %q", e.Location)
	}
	if e.Body != "" {
		s += ": " + strconv.Quote(e.Body)
	}
	return s
}

// statusText uses our own words for a number, not resp.Status: the phrase in
// the status line is whatever the server likes.
func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return strconv.Itoa(status) + " " + text
	}
	return strconv.Itoa(status)
}

// Outcome returns e as the delivery worker understands it, by [Classify] of its
// status: Permanent, ErrTooLarge or plain, and within RetryAfter where the
// destination asked to wait. A Refused answer is not delayed: its records do not
// go again.
//
// e by itself is always a plain error. An adapter returns e, not its outcome,
// where a status is not about the records, such as a proxy's answer to CONNECT.
func (e *Error) Outcome() error {
	var err error = e
	switch Classify(e.Status) {
	case Refused:
		return transport.Permanent(e)
	case TooLarge:
		err = fmt.Errorf("%w: %w", transport.ErrTooLarge, e)
	}
	if e.RetryAfter > 0 {
		return transport.RetryAfter(err, e.RetryAfter)
	}
	return err
}
