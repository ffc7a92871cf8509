package main

import (
	"testing"
	"time"
)

func TestTally(t *testing.T) {
	l := &tally{}
	for i := range 1000 {
		l.add(time.Duration(i) * time.Microsecond)
	}
	l.add(time.Hour)
	for q, want := range map[float64]time.Duration{0: 10, 0.5: 500_010, 0.999: 999_010, 1: 1_000_000} {
		if got := l.quantile(q); got != want {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
}
