package vfs

import (
	"errors"
	"path/filepath"
	"slices"
	"sync"
)

// Injector decides which operations fail. MaybeError is called before each
// operation, from whatever goroutine runs it; it may block. nil lets the
// operation through, any other error is its result, and it is not done. For
// what happens otherwise, see [Fault].
type Injector interface {
	MaybeError(op Op) error
}

// InjectorFunc makes an Injector of a function.
type InjectorFunc func(op Op) error

// MaybeError implements [Injector].
func (f InjectorFunc) MaybeError(op Op) error { return f(op) }

// Fail lets every operation fail with err: usually a syscall.Errno (ENOSPC,
// EIO, EROFS, EMFILE, EDQUOT, EACCES), or an error of this package.
func Fail(err error) Injector {
	return InjectorFunc(func(Op) error { return err })
}

// When asks inj about the operations that match, and lets the others through.
func When(match func(Op) bool, inj Injector) Injector {
	return InjectorFunc(func(op Op) error {
		if !match(op) {
			return nil
		}
		return inj.MaybeError(op)
	})
}

// At lets the operation with one index fail. A test that counts the operations
// of a run ([Fault.Ops]) can then let each of them fail in a run of its own.
func At(index int, err error) Injector {
	return When(func(op Op) bool { return op.Index == index }, Fail(err))
}

// From lets all operations from an index on fail.
func From(index int, err error) Injector {
	return When(func(op Op) bool { return op.Index >= index }, Fail(err))
}

// Nth lets through all that it is asked about but the nth, 0 being the first,
// which inj is asked about. In When, it counts only what matches.
func Nth(n int, inj Injector) Injector {
	var mu sync.Mutex
	seen := 0 // guarded by mu
	return InjectorFunc(func(op Op) error {
		mu.Lock()
		turn := seen == n
		seen++
		mu.Unlock()
		if !turn {
			return nil
		}
		return inj.MaybeError(op)
	})
}

// Once passes on inj's first error, and then lets everything through: a sync
// that fails once and then succeeds is When(Kinds(OpSync), Once(Fail(EIO))). It
// asks one operation at a time, so that there is one first: inj must not block.
func Once(inj Injector) Injector {
	var mu sync.Mutex
	done := false // guarded by mu
	return InjectorFunc(func(op Op) error {
		mu.Lock()
		defer mu.Unlock()
		if done {
			return nil
		}
		err := inj.MaybeError(op)
		done = err != nil
		return err
	})
}

// Any asks each in turn, up to the first that has an error.
func Any(injs ...Injector) Injector {
	injs = slices.Clone(injs)
	return InjectorFunc(func(op Op) error {
		for _, inj := range injs {
			if err := inj.MaybeError(op); err != nil {
				return err
			}
		}
		return nil
	})
}

// Kinds matches operations of some kinds.
func Kinds(kinds ...OpKind) func(Op) bool {
	kinds = slices.Clone(kinds)
	return func(op Op) bool { return slices.Contains(kinds, op.Kind) }
}

// Reads matches operations that only read.
func Reads(op Op) bool { return op.Kind.Reads() }

// Writes matches operations that write.
func Writes(op Op) bool { return op.Kind.Writes() }

// Grows matches operations that need room.
func Grows(op Op) bool { return op.Kind.Grows() }

// Base matches operations on a file or directory whose last name element, or
// that of the target of a rename, has the form of pattern (as filepath.Match):
// "*.seg". A malformed pattern is a panic, as it would match nothing for ever.
func Base(pattern string) func(Op) bool {
	if _, err := filepath.Match(pattern, ""); err != nil {
		panic("vfs: malformed pattern " + pattern)
	}
	match := func(name string) bool {
		ok, _ := filepath.Match(pattern, filepath.Base(name)) // checked above
		return ok
	}
	return func(op Op) bool { return match(op.Name) || op.To != "" && match(op.To) }
}

// And matches what all match.
func And(matches ...func(Op) bool) func(Op) bool {
	return func(op Op) bool {
		return !slices.ContainsFunc(matches, func(m func(Op) bool) bool { return !m(op) })
	}
}

// Not matches what match doesn't.
func Not(match func(Op) bool) func(Op) bool {
	return func(op Op) bool { return !match(op) }
}

// Torn lets a WriteAt write the first half of its bytes before it fails with
// err, as a disk that fills up in the middle. It is err for all else.
func Torn(err error) error { return &tornError{err} }

type tornError struct{ err error }

func (e *tornError) Error() string { return e.err.Error() }
func (e *tornError) Unwrap() error { return e.err }

func isTorn(err error) bool {
	_, ok := errors.AsType[*tornError](err)
	return ok
}
