package httpstatus

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// MaxDrain is the most bytes of a response body that [Drain] reads so that the
// connection can be used again. Closing it instead costs a handshake; reading on
// would let a server that streams for ever hold a worker.
const MaxDrain = 64 << 10

// readForExcerpt is how much of an answer is looked at for [MaxExcerpt] bytes
// of text: pretty-printed JSON is half white space.
const readForExcerpt = 8 * MaxExcerpt

// Checker turns one destination's responses and failures into the errors of
// package transport. The zero value of each field is allowed. It is safe for
// concurrent use if its fields are not changed.
type Checker struct {
	Op      string  // what the errors say was tried, with the package: "https: send"
	URL     string  // of the destination; redacted before it is shown
	Secrets Secrets // what else must not be shown
}

// Check returns nil if resp accepts the batch, else an [*Error] within its
// outcome (see [Error.Outcome]). It reads at most 4 KiB of resp.Body, and only
// of an answer that does not accept: a 2xx body belongs to the caller. It never
// closes the body, which the caller hands to [Drain]. A server may hang after
// its header, so the caller closes the body when it takes too long (the end of
// the request's ctx does not always interrupt a read): Check then makes do with
// what has come.
func (c Checker) Check(resp *http.Response) error {
	if Classify(resp.StatusCode) == Accepted {
		return nil
	}
	return c.Refusal(resp).Outcome()
}

// Refusal is the [*Error] of Check by itself, whatever resp's status is, for
// adapters whose protocol has a table of its own and for answers that are not
// about records.
func (c Checker) Refusal(resp *http.Response) *Error {
	e := &Error{
		Op:         c.Op,
		URL:        c.redactedURL(),
		Status:     resp.StatusCode,
		RetryAfter: RetryAfter(resp.Header, time.Now()),
	}
	if resp.StatusCode >= 300 && resp.StatusCode <= 399 {
		if location, err := resp.Location(); err == nil {
			e.Location = c.excerpt([]byte(Redact(location.String())))
		}
	}
	if resp.Body != nil && resp.Header.Get("Content-Encoding") == "" {
		// A compressed body stays closed: unpacking a stranger's bytes for the
		// sake of an error text is how a gzip bomb gets in (T34).
		body, _ := io.ReadAll(io.LimitReader(resp.Body, readForExcerpt)) // what came is enough
		e.Body = c.excerpt(body)
	}
	return e
}

// Failed returns the plain error for a request without an answer, redacted.
// Errors that a program looks for (context.DeadlineExceeded, *net.OpError, TLS
// verification) stay in its chain. Failed(nil) is nil.
func (c Checker) Failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %q: %w", c.Op, c.redactedURL(), c.Secrets.Error(RedactError(err)))
}

// excerpt masks secrets after the text was cleaned, for a control character in
// the midst of one would hide it, and before it is cut, for half a secret is not
// recognised.
func (c Checker) excerpt(body []byte) string {
	return cut(c.Secrets.Text(readable(body)))
}

func (c Checker) redactedURL() string { return c.Secrets.Text(Redact(c.URL)) }

// Drain reads what is left of body, at most [MaxDrain] bytes, and closes it. A
// Close from elsewhere ends it early.
func Drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, MaxDrain) // the answer has been judged already
	_ = body.Close()
}
