package httpstatus

import (
	"errors"
	"net/url"
)

// RedactError returns err without the secrets of URLs in it. If err is or wraps
// a *url.Error, that is what comes back, with its URL redacted. What is below it
// stays in the chain (context.DeadlineExceeded, *net.OpError and so on), except
// for a parse error's cause, which may quote the password. Any other err comes
// back as it is, and err itself is not changed. RedactError(nil) is nil.
//
// The words of an error around the *url.Error are lost. Replacing the URL within
// them does not do: they may quote it with escapes, or only a part of it.
func RedactError(err error) error {
	u, ok := errors.AsType[*url.Error](err)
	if !ok {
		return err
	}
	return redactURLError(u)
}

func redactURLError(e *url.Error) error {
	if e.Op == "parse" {
		return &textError{"parse " + mask + ": " + parseReason(e), ErrURL}
	}
	return &url.Error{Op: e.Op, URL: Redact(e.URL), Err: RedactError(e.Err)}
}

// textError has a text of its own over a chain that errors.Is may search.
type textError struct {
	text string
	err  error // nil if nothing of the chain is safe to show
}

func (e *textError) Error() string { return e.text }
func (e *textError) Unwrap() error { return e.err }
