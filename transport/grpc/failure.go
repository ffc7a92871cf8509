package grpc

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// ErrCredentials is wrapped by the errors of a receiver that does not accept the
// credentials (UNAUTHENTICATED, PERMISSION_DENIED). Nothing is lost: the records
// wait for others.
var ErrCredentials = errors.New("the receiver does not accept the credentials")

// StatusError is the status with which a receiver, or grpc itself, ended the
// stream.
type StatusError struct {
	Code   codes.Code
	Answer string // its text: at most 512 bytes, printable, without credentials

	after    time.Duration // of RetryInfo; 0: none
	oversize bool
}

func (e *StatusError) Error() string {
	text := e.Code.String()
	if e.Answer != "" {
		text += ": " + e.Answer
	}
	if e.Unwrap() != nil {
		text = ErrCredentials.Error() + ": " + text
	}
	return text
}

// Unwrap returns ErrCredentials if that is what it is about.
func (e *StatusError) Unwrap() error {
	if e.Code == codes.Unauthenticated || e.Code == codes.PermissionDenied {
		return ErrCredentials
	}
	return nil
}

// maxRetryAfter bounds what a receiver may ask for.
const maxRetryAfter = time.Hour

// newStatusError takes what a worker has to know out of a status.
func newStatusError(err error, secrets httpstatus.Secrets) *StatusError {
	st := status.Convert(err)
	// Masked before it is cut: half a token would not be recognised.
	e := &StatusError{Code: st.Code(), Answer: httpstatus.Excerpt([]byte(secrets.Text(st.Message())))}
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok && info.GetRetryDelay().IsValid() {
			e.after = max(0, min(info.GetRetryDelay().AsDuration(), maxRetryAfter))
		}
	}
	e.oversize = st.Code() == codes.ResourceExhausted && e.after == 0 && tellsOversize(st.Message())
	return e
}

// tellsOversize reports whether a RESOURCE_EXHAUSTED is about the size of a
// message. There is no code for it; these are the words of gRPC's servers in Go and
// C++ (and so Python, Ruby and others), in Java, and in Rust. A receiver that names
// its limit in the greeting never gets to say them.
func tellsOversize(message string) bool {
	for _, words := range []string{"larger than max", "exceeds maximum size", "message length too large"} {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}

// verdict is err as it has to be returned by the Send whose request was the
// oldest without an answer.
//
//	INVALID_ARGUMENT                     permanent: the worker finds the record
//	RESOURCE_EXHAUSTED about the size    too large: the worker splits
//	any with a RetryInfo                 not before then
//	all else                             plain
func verdict(err error) error {
	st, ok := errors.AsType[*StatusError](err)
	switch {
	case !ok:
		return err
	case st.Code == codes.InvalidArgument:
		return transport.Permanent(err)
	case st.oversize:
		return fmt.Errorf("%w: %w", transport.ErrTooLarge, err)
	case st.after > 0:
		return transport.RetryAfter(err, st.after)
	}
	return err
}

// bystander is err for a Send whose records it is not about.
func bystander(err error) error {
	if st, ok := errors.AsType[*StatusError](err); ok && st.after > 0 {
		return transport.RetryAfter(err, st.after)
	}
	return err
}
