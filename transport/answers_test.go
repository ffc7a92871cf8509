package transport

import (
	"errors"
	"slices"
	"testing"
)

func TestAnswers(t *testing.T) {
	first, last := errors.New("first"), errors.New("last")
	a := AnswersFor(3)
	a.Set(1, nil)
	if a.Err() != nil || a.At(2) != nil || a.errs != nil {
		t.Errorf("nothing was refused: %v, %v, %v", a.Err(), a.At(2), a.errs)
	}
	a.Set(0, first)
	a.Set(2, last)
	var batch *BatchError
	if !errors.As(a.Err(), &batch) || !slices.Equal(batch.Errs, []error{first, nil, last}) {
		t.Errorf("got %v", a.Err())
	}
	if a.At(0) != first || a.At(1) != nil || a.At(2) != last {
		t.Errorf("got %v, %v, %v", a.At(0), a.At(1), a.At(2))
	}

	// Taken back: a BatchError without a child would be an error about nothing.
	a.Set(0, nil)
	a.Set(2, nil)
	if err := a.Err(); err != nil {
		t.Errorf("all are accepted: %v", err)
	}
}

func TestAnswersAllocateNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		a := AnswersFor(1000)
		if a.Err() != nil {
			t.Error("an answer from nowhere")
		}
	}); n != 0 {
		t.Errorf("%v allocations for a batch that is accepted", n)
	}
}
