package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestNilStaysNil(t *testing.T) {
	for name, err := range map[string]error{
		"Permanent":  Permanent(nil),
		"RetryAfter": RetryAfter(nil, time.Second),
		"Resend":     Resend(nil, 3),
	} {
		if err != nil {
			t.Errorf("%s(nil) = %v, want nil", name, err)
		}
	}
}

// TestWrappersKeepTheCause holds that a caller's errors.Is reaches through
// each wrapper, alone and stacked.
func TestWrappersKeepTheCause(t *testing.T) {
	cause := fmt.Errorf("read: %w", io.ErrUnexpectedEOF)
	for name, err := range map[string]error{
		"Permanent":  Permanent(cause),
		"RetryAfter": RetryAfter(cause, time.Second),
		"Resend":     Resend(cause, 3),
		"all":        Resend(RetryAfter(Permanent(cause), time.Second), 1),
	} {
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s hides its cause", name)
		}
		if !strings.Contains(err.Error(), cause.Error()) {
			t.Errorf("%s does not print its cause: %q", name, err)
		}
	}
}

// TestBatchErrorHidesItsChildren holds the reason why BatchError has no
// Unwrap: one permanent child must not condemn the batch.
func TestBatchErrorHidesItsChildren(t *testing.T) {
	err := fmt.Errorf("bulk: %w", &BatchError{Errs: []error{nil, Permanent(io.EOF), ErrTooLarge, context.Canceled}})
	for _, child := range []error{io.EOF, ErrTooLarge, context.Canceled} {
		if errors.Is(err, child) {
			t.Errorf("errors.Is finds the child %v", child)
		}
	}
	if out := Classify(err, 4); out.Permanent || out.TooLarge || out.Batch == nil {
		t.Errorf("Classify took a child for the batch: %+v", out)
	}
}

func TestBatchErrorText(t *testing.T) {
	for _, test := range []struct {
		errs []error
		want []string
	}{
		{nil, []string{"0 of 0"}},
		{[]error{nil, nil}, []string{"0 of 2"}},
		{[]error{nil, io.EOF, io.ErrShortWrite}, []string{"2 of 3", io.EOF.Error()}},
	} {
		got := (&BatchError{Errs: test.errs}).Error()
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%d children: %q does not say %q", len(test.errs), got, want)
			}
		}
	}
}
