package vfs

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Toggle is an [Injector] that can be switched. It is off at first.
type Toggle struct {
	inj Injector
	on  atomic.Bool
}

// NewToggle makes a Toggle of an injector, which is asked only while it is on.
func NewToggle(inj Injector) *Toggle { return &Toggle{inj: inj} }

// Set switches it on or off.
func (t *Toggle) Set(on bool) { t.on.Store(on) }

// MaybeError implements [Injector].
func (t *Toggle) MaybeError(op Op) error {
	if !t.on.Load() {
		return nil
	}
	return t.inj.MaybeError(op)
}

// Stall is an [Injector] that lets operations hang while it is held, as a disk
// or a file server that does not answer. They go on as if nothing had been once
// it is released. It is not held at first.
//
// What hangs waits on a sync.Cond, so that a test in a testing/synctest bubble
// sees it as durably blocked.
type Stall struct {
	match func(Op) bool

	mu      sync.Mutex
	changed sync.Cond
	held    bool // guarded by mu
	waiting int  // guarded by mu: operations that hang
}

// NewStall makes a Stall of the operations that match.
func NewStall(match func(Op) bool) *Stall {
	s := &Stall{match: match}
	s.changed.L = &s.mu
	return s
}

// Hold lets matching operations hang from now on.
func (s *Stall) Hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = true
}

// Release lets go of all that hang, and of those to come.
func (s *Stall) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = false
	s.changed.Broadcast()
}

// Await blocks until at least n operations hang.
func (s *Stall) Await(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.waiting < n {
		s.changed.Wait()
	}
}

// MaybeError implements [Injector]. It always returns nil.
func (s *Stall) MaybeError(op Op) error {
	if !s.match(op) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held {
		return nil
	}
	s.waiting++
	s.changed.Broadcast()
	for s.held {
		s.changed.Wait()
	}
	s.waiting--
	return nil
}

// Recorder is an [Injector] that keeps all operations that it is asked about,
// and lets them through. Its zero value is ready.
type Recorder struct {
	mu  sync.Mutex
	ops []Op // guarded by mu
}

// MaybeError implements [Injector]. It always returns nil.
func (r *Recorder) MaybeError(op Op) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, op)
	return nil
}

// Ops returns a copy of what was recorded, in order.
func (r *Recorder) Ops() []Op {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ops)
}
