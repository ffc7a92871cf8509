package transporttest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// recorder is a testing.TB on which a case may fail without failing the test.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	problems []string // guarded by mu
	skipped  bool     // guarded by mu
	cleanups []func() // guarded by mu
	ctx      context.Context
}

// try runs a case and returns what it complained of.
func try(t *testing.T, c testCase, h Harness) *recorder {
	ctx, cancel := context.WithCancel(t.Context())
	rec := &recorder{TB: t, ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer rec.cleanUp(cancel)
		c.run(rec, &h)
	}()
	<-done
	return rec
}

func (r *recorder) cleanUp(cancel func()) {
	cancel()
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
}

func (r *recorder) problem(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, s)
}

func (r *recorder) Cleanup(f func())                  { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Context() context.Context          { return r.ctx }
func (r *recorder) Errorf(format string, args ...any) { r.problem(fmt.Sprintf(format, args...)) }
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
func (r *recorder) Skip(...any) {
	r.mu.Lock()
	r.skipped = true
	r.mu.Unlock()
	runtime.Goexit()
}
