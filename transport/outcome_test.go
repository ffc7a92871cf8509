package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"
)

// TestClassify is the table of DESIGN.md §4, row by row, in its order: what
// stands further up wins over what it wraps or is wrapped in.
func TestClassify(t *testing.T) {
	batch := &BatchError{Errs: []error{nil, Permanent(io.EOF)}}
	tests := []struct {
		name string
		err  error
		want Outcome
	}{
		{"nil", nil, Outcome{}},
		{"plain", io.EOF, Outcome{}},
		{"a done ctx is plain", context.DeadlineExceeded, Outcome{}},
		{"closed is plain", ErrClosed, Outcome{}},

		{"resend", Resend(io.EOF, 7), Outcome{Resend: 7}},
		{"resend of a permanent error", Resend(Permanent(io.EOF), 7), Outcome{Resend: 7}},
		{"resend wrapped in permanent", Permanent(Resend(io.EOF, 7)), Outcome{Resend: 7}},
		{"resend before retry after", Resend(RetryAfter(io.EOF, time.Second), 7), Outcome{Resend: 7}},

		{"retry after", RetryAfter(io.EOF, time.Second), Outcome{After: time.Second}},
		{"retry after a batch", RetryAfter(batch, time.Second), Outcome{After: time.Second, Batch: batch}},
		{"retry after too large", RetryAfter(ErrTooLarge, time.Second), Outcome{After: time.Second, TooLarge: true}},
		{"retry after a permanent error", RetryAfter(Permanent(io.EOF), 1), Outcome{After: 1, Permanent: true}},

		{"batch", batch, Outcome{Batch: batch}},
		{"batch within permanent", Permanent(batch), Outcome{Batch: batch}},
		{"batch of another length is plain", &BatchError{Errs: []error{Permanent(io.EOF)}}, Outcome{}},
		{"and so it is within permanent", Permanent(&BatchError{}), Outcome{}},

		{"too large", ErrTooLarge, Outcome{TooLarge: true}},
		{"too large before permanent", Permanent(ErrTooLarge), Outcome{TooLarge: true}},
		{"permanent", Permanent(io.EOF), Outcome{Permanent: true}},
		{"joined", errors.Join(io.EOF, Permanent(io.ErrNoProgress)), Outcome{Permanent: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Classify(test.err, 2); got != test.want {
				t.Errorf("Classify = %+v, want %+v", got, test.want)
			}
			if test.err == nil {
				return
			}
			wrapped := fmt.Errorf("tcp: send: %w", fmt.Errorf("attempt: %w", test.err))
			if got := Classify(wrapped, 2); got != test.want {
				t.Errorf("Classify, wrapped twice = %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestClassifyAnyStack stacks wrappers at random, and compares with the rule
// put another way: the first row of the table that is anywhere in the stack.
func TestClassifyAnyStack(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 10_000 {
		var err error = io.EOF
		var resend, after, permanent, tooLarge bool
		if rng.IntN(4) == 0 {
			err, tooLarge = ErrTooLarge, true
		}
		for range rng.IntN(6) {
			switch rng.IntN(4) {
			case 0:
				err, resend = Resend(err, 1), true
			case 1:
				err, after = RetryAfter(err, time.Second), true
			case 2:
				err, permanent = Permanent(err), true
			default:
				err = fmt.Errorf("wrapped: %w", err)
			}
		}
		out := Classify(err, 1)
		switch {
		case (out.Resend > 0) != resend:
			t.Fatalf("%v: Resend %d", err, out.Resend)
		case resend:
			if (out != Outcome{Resend: out.Resend}) {
				t.Fatalf("%v: more than a rewind: %+v", err, out)
			}
		case (out.After > 0) != after, out.TooLarge != tooLarge, out.Permanent != (permanent && !tooLarge):
			t.Fatalf("%v: %+v", err, out)
		}
	}
}
