package vfs

import (
	"fmt"
	"io"
	"io/fs"
	"sync"
)

// Fault is a file system that lets chosen operations of another fail or hang,
// and counts them all. An operation that fails is not done, except that
//   - Close, Unlock and Unmap are done and then fail: a descriptor is gone
//     whatever close(2) says, and a test would leak otherwise;
//   - Sync over [Crash] takes what was to be written for written, see there;
//   - WriteAt with a [Torn] error writes the first half.
//
// Faults of the memory behind a Mapping (SIGBUS) can't be made here: take a
// file of [OS] and truncate it.
//
// It is safe for concurrent use. With one goroutine, the same calls get the same
// indexes; between goroutines, the order is theirs.
type Fault struct {
	inner FS

	mu     sync.Mutex
	inj    Injector   // guarded by mu: nil lets all through
	ops    int        // guarded by mu: the index of the next operation
	counts [opEnd]int // guarded by mu
}

var _ FS = (*Fault)(nil)

// NewFault wraps a file system. Nothing fails until [Fault.Inject].
func NewFault(inner FS) *Fault { return &Fault{inner: inner} }

// Inject sets what decides which operations fail; nil lets all through. An
// operation that has begun goes on with the one that it began with.
func (f *Fault) Inject(inj Injector) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inj = inj
}

// Ops returns how many operations there have been: the index of the next.
func (f *Fault) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ops
}

// Count returns how many operations of a kind there have been.
func (f *Fault) Count(k OpKind) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[k]
}

// ask counts an operation and says whether it is to fail. The injector runs
// outside the lock: it may hang, and others must not hang with it.
func (f *Fault) ask(kind OpKind, name, to string) error {
	f.mu.Lock()
	op := Op{Kind: kind, Name: name, To: to, Index: f.ops}
	f.ops++
	f.counts[kind]++
	inj := f.inj
	f.mu.Unlock()
	if inj == nil {
		return nil
	}
	if err := inj.MaybeError(op); err != nil {
		return fmt.Errorf("vfs: injected into %v: %w", op, err)
	}
	return nil
}

// MkdirAll implements [FS].
func (f *Fault) MkdirAll(dir string) error {
	if err := f.ask(OpMkdirAll, dir, ""); err != nil {
		return err
	}
	return f.inner.MkdirAll(dir)
}

// Create implements [FS].
func (f *Fault) Create(name string) (File, error) {
	if err := f.ask(OpCreate, name, ""); err != nil {
		return nil, err
	}
	return f.wrap(name)(f.inner.Create(name))
}

// Open implements [FS].
func (f *Fault) Open(name string) (File, error) {
	if err := f.ask(OpOpen, name, ""); err != nil {
		return nil, err
	}
	return f.wrap(name)(f.inner.Open(name))
}

// wrap takes the two results of Create and Open as they are.
func (f *Fault) wrap(name string) func(File, error) (File, error) {
	return func(inner File, err error) (File, error) {
		if err != nil {
			return nil, err
		}
		return &faultFile{f, inner, name}, nil
	}
}

// Remove implements [FS].
func (f *Fault) Remove(name string) error {
	if err := f.ask(OpRemove, name, ""); err != nil {
		return err
	}
	return f.inner.Remove(name)
}

// Rename implements [FS].
func (f *Fault) Rename(from, to string) error {
	if err := f.ask(OpRename, from, to); err != nil {
		return err
	}
	return f.inner.Rename(from, to)
}

// ReadDir implements [FS].
func (f *Fault) ReadDir(dir string) ([]fs.DirEntry, error) {
	if err := f.ask(OpReadDir, dir, ""); err != nil {
		return nil, err
	}
	return f.inner.ReadDir(dir)
}

// SyncDir implements [FS].
func (f *Fault) SyncDir(dir string) error {
	if err := f.ask(OpSyncDir, dir, ""); err != nil {
		return err
	}
	return f.inner.SyncDir(dir)
}

// Lock implements [FS].
func (f *Fault) Lock(name string) (io.Closer, error) {
	if err := f.ask(OpLock, name, ""); err != nil {
		return nil, err
	}
	l, err := f.inner.Lock(name)
	if err != nil {
		return nil, err
	}
	return &faultLock{f, l, name}, nil
}

// Space implements [FS].
func (f *Fault) Space(dir string) (Space, error) {
	if err := f.ask(OpSpace, dir, ""); err != nil {
		return Space{}, err
	}
	return f.inner.Space(dir)
}

// Kind implements [FS].
func (f *Fault) Kind(dir string) (Kind, error) {
	if err := f.ask(OpKindOf, dir, ""); err != nil {
		return Local, err
	}
	return f.inner.Kind(dir)
}

// faultLock is a lock of a [Fault]. It is immutable.
type faultLock struct {
	f     *Fault
	inner io.Closer
	name  string
}

func (l *faultLock) Close() error {
	return done(l.f.ask(OpUnlock, l.name, ""), l.inner.Close)
}

// done does an operation in any case, and prefers the injected error.
func done(injected error, do func() error) error {
	if err := do(); injected == nil {
		return err
	}
	return injected
}
