package otlp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// Code is a gRPC status (https://grpc.io/docs/guides/status-codes/).
type Code uint16

// The codes that are told apart.
const (
	InvalidArgument   Code = 3
	PermissionDenied  Code = 7
	ResourceExhausted Code = 8
	Unauthenticated   Code = 16
)

// String returns the code's name: "UNAVAILABLE".
func (c Code) String() string {
	all := [...]string{
		"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
		"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
		"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
	}
	if int(c) < len(all) {
		return all[c]
	}
	return fmt.Sprintf("Code(%d)", uint16(c))
}

// ErrCredentials is wrapped by the error of a gRPC receiver that does not accept
// the credentials (UNAUTHENTICATED, PERMISSION_DENIED). The records wait for
// others.
var ErrCredentials = errors.New("the receiver does not accept the credentials")

// StatusError is a gRPC receiver's answer other than OK. Every field is safe to
// print.
type StatusError struct {
	URL        string        // redacted
	Code       Code          //
	Message    string        // at most 512 bytes, printable, without credentials
	RetryAfter time.Duration // of RetryInfo, at most an hour; 0: none

	oversize bool
}

// Error returns one line.
func (e *StatusError) Error() string {
	s := fmt.Sprintf("otlp: send %q: %v", e.URL, e.Code)
	if e.Message != "" {
		s += fmt.Sprintf(": %q", e.Message)
	}
	return s
}

// Unwrap returns ErrCredentials if that is what it is about.
func (e *StatusError) Unwrap() error {
	if e.Code == Unauthenticated || e.Code == PermissionDenied {
		return ErrCredentials
	}
	return nil
}

// newStatusError reads trailers.
func newStatusError(to string, code Code, trailer http.Header, mask func(string) string) *StatusError {
	text := trailer.Get("Grpc-Message")
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	return &StatusError{
		URL: to, Code: code, Message: shown(text, mask), RetryAfter: retryInfo(trailer.Get("Grpc-Status-Details-Bin")),
		oversize: code == ResourceExhausted && aboutSize(text),
	}
}

// aboutSize tells a request that is too large from a quota that is used up: gRPC
// has the same code for both. These are the words of its libraries for Go, C and
// Java. Where others are used, the batch goes again as it is, and OnError says
// why; to divide it at each quota would end in dead letters of single records.
func aboutSize(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "larger than max") || strings.Contains(text, "exceeds maximum size")
}

// outcome is the table for the worker. INVALID_ARGUMENT alone is about records:
// OTLP's own list of what may be retried would drop a batch with an expired token
// (UNAUTHENTICATED) or for a receiver that is being rebuilt (UNIMPLEMENTED).
func (e *StatusError) outcome() error {
	var err error = e
	switch {
	case e.Code == InvalidArgument:
		return transport.Permanent(e)
	case e.oversize:
		err = fmt.Errorf("%w: %w", transport.ErrTooLarge, e)
	}
	if e.RetryAfter > 0 {
		return transport.RetryAfter(err, e.RetryAfter)
	}
	return err
}

// retryInfoType is the type of the message that says how long to wait.
const retryInfoType = "type.googleapis.com/google.rpc.RetryInfo"

// retryInfo finds google.rpc.RetryInfo in a status:
//
//	Status    { int32 code = 1; string message = 2; repeated Any details = 3; }
//	Any       { string type_url = 1; bytes value = 2; }
//	RetryInfo { Duration retry_delay = 1; }
//	Duration  { int64 seconds = 1; int32 nanos = 2; }
func retryInfo(bin string) time.Duration {
	status, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(bin, "="))
	if err != nil {
		return 0
	}
	var wait time.Duration
	_ = each(status, func(f field) error { // what does not parse asks for nothing
		if f.number != 3 {
			return nil
		}
		kind, value := "", []byte(nil)
		err := each(f.bytes, func(f field) error {
			switch f.number {
			case 1:
				kind = string(f.bytes)
			case 2:
				value = f.bytes
			}
			return nil
		})
		if err == nil && kind == retryInfoType {
			wait = delay(value)
		}
		return err
	})
	return wait
}

// delay reads a RetryInfo, between 0 and an hour.
func delay(info []byte) (d time.Duration) {
	_ = each(info, func(f field) error {
		if f.number != 1 {
			return nil
		}
		return each(f.bytes, func(f field) error {
			most := uint64(httpstatus.MaxRetryAfter)
			switch {
			case int64(f.value) < 0:
				d = 0
			case f.number == 1:
				d += time.Duration(min(f.value, most/1e9)) * time.Second
			case f.number == 2:
				d += time.Duration(min(f.value, 1e9))
			}
			return nil
		})
	})
	return min(d, httpstatus.MaxRetryAfter)
}
