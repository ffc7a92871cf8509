package httpstatus_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// TestClassify walks all statuses: what is not in the table is retryable, so
// that a status nobody has heard of never costs a record (T31).
func TestClassify(t *testing.T) {
	named := map[int]httpstatus.Class{
		400: httpstatus.Refused,
		413: httpstatus.TooLarge,
		422: httpstatus.Refused,
	}
	for status := -1; status <= 1000; status++ {
		want, ok := named[status]
		switch {
		case ok:
		case status >= 200 && status <= 299:
			want = httpstatus.Accepted
		default:
			want = httpstatus.Retryable
		}
		if got := httpstatus.Classify(status); got != want {
			t.Errorf("Classify(%d) = %v, want %v", status, got, want)
		}
	}
}

func TestClassNames(t *testing.T) {
	seen := map[string]bool{}
	for c := httpstatus.Accepted; c <= httpstatus.Retryable; c++ {
		seen[c.String()] = true
	}
	if len(seen) != 4 || seen[httpstatus.Class(0).String()] {
		t.Errorf("the names of the classes are not distinct: %v", seen)
	}
}

// TestOutcome is DESIGN §4's table as the delivery worker reads it.
func TestOutcome(t *testing.T) {
	plain, permanent := transport.Outcome{}, transport.Outcome{Permanent: true}
	tests := []struct {
		status int
		after  time.Duration
		want   transport.Outcome
	}{
		{100, 0, plain}, {199, 0, plain},
		{301, 0, plain}, {302, 0, plain}, {304, 0, plain}, {307, 0, plain}, {308, 0, plain},
		{400, 0, permanent}, {422, 0, permanent},
		{413, 0, transport.Outcome{TooLarge: true}},
		{401, 0, plain}, {402, 0, plain}, {403, 0, plain}, {404, 0, plain}, {405, 0, plain}, {407, 0, plain},
		{408, 0, plain}, {409, 0, plain}, {410, 0, plain}, {415, 0, plain}, {425, 0, plain}, {429, 0, plain},
		{500, 0, plain}, {501, 0, plain}, {502, 0, plain}, {503, 0, plain}, {504, 0, plain}, {507, 0, plain}, {599, 0, plain},
		{429, 7 * time.Second, transport.Outcome{After: 7 * time.Second}},
		{503, time.Minute, transport.Outcome{After: time.Minute}},
		{301, time.Second, transport.Outcome{After: time.Second}},
		{413, time.Second, transport.Outcome{After: time.Second, TooLarge: true}},
		{400, time.Second, permanent},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status, tt.after), func(t *testing.T) {
			e := &httpstatus.Error{Op: "test: send", URL: "https://h", Status: tt.status, RetryAfter: tt.after}
			err := e.Outcome()
			if got := transport.Classify(err, 3); got != tt.want {
				t.Errorf("the worker sees %+v, want %+v", got, tt.want)
			}
			if found, ok := errors.AsType[*httpstatus.Error](err); !ok || found != e {
				t.Errorf("the *Error is not in the chain of %#v", err)
			}
			if bare := transport.Classify(e, 3); bare != plain {
				t.Errorf("an *Error without its outcome is %+v, want plain", bare)
			}
		})
	}
}
