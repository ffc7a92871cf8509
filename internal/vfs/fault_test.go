package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
)

func newFault(t *testing.T) *Fault {
	t.Helper()
	return NewFault(newDir(t))
}

// TestOpKinds: each kind is classed, and has a name of its own. A new one that
// nobody thought about fails here.
func TestOpKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range OpKinds() {
		if k.Reads() == k.Writes() {
			t.Errorf("%v: reads %t, writes %t; want one of them", k, k.Reads(), k.Writes())
		}
		if k.Grows() && !k.Writes() {
			t.Errorf("%v needs room but does not write", k)
		}
		if seen[k.String()] || k.String() == fmt.Sprintf("OpKind(%d)", uint8(k)) {
			t.Errorf("kind %d has no name of its own: %q", k, k)
		}
		seen[k.String()] = true
	}
	for _, k := range []OpKind{0, opEnd} {
		if k.Reads() || k.Writes() || k.Grows() {
			t.Errorf("%v is classed", k)
		}
		if k.String() == "" {
			t.Errorf("kind %d has no text", uint8(k))
		}
	}
}

// everything does each operation once, in a fixed order, and returns the first
// error. It closes what it opened.
func everything(fsys FS) (err error) {
	note := func(e error) {
		if err == nil {
			err = e
		}
	}
	note(fsys.MkdirAll("/d"))
	_, e := fsys.Kind("/d")
	note(e)
	_, e = fsys.Space("/d")
	note(e)
	if l, e := fsys.Lock("/d/LOCK"); e == nil {
		defer func() { note(l.Close()) }()
	} else {
		note(e)
	}
	if f, e := fsys.Create("/d/a"); e == nil {
		note(useFile(f))
	} else {
		note(e)
	}
	note(fsys.SyncDir("/d"))
	note(fsys.Rename("/d/a", "/d/b"))
	if f, e := fsys.Open("/d/b"); e == nil {
		note(f.Close())
	} else {
		note(e)
	}
	_, e = fsys.ReadDir("/d")
	note(e)
	note(fsys.Remove("/d/b"))
	return err
}

func useFile(f File) (err error) {
	note := func(e error) {
		if err == nil {
			err = e
		}
	}
	defer func() { note(f.Close()) }()
	note(f.Allocate(4096))
	_, e := f.Size()
	note(e)
	_, e = f.WriteAt([]byte("text"), 0)
	note(e)
	_, e = f.ReadAt(make([]byte, 4), 0)
	note(e)
	if m, e := f.Map(4096); e == nil {
		note(m.Populate())
		note(m.Unmap())
	} else {
		note(e)
	}
	note(f.Sync())
	note(f.Writeback(0, 4096))
	note(f.Evict(0, 4096))
	return err
}

// TestFaultCounts: one run without faults, and what it did.
func TestFaultCounts(t *testing.T) {
	f := newFault(t)
	var rec Recorder
	f.Inject(&rec)
	must(t, everything(f))
	ops := rec.Ops()
	if f.Ops() != len(ops) {
		t.Errorf("%d operations, %d recorded", f.Ops(), len(ops))
	}
	for i, op := range ops {
		if op.Index != i || op.Name == "" {
			t.Errorf("operation %d is %v", i, op)
		}
	}
	for _, k := range OpKinds() {
		want := 1
		if k == OpClose {
			want = 2
		}
		if f.Count(k) != want {
			t.Errorf("%v: %d times, want %d", k, f.Count(k), want)
		}
	}
}

// TestFaultEveryOperation (the pattern of T18): the n-th operation fails, for
// every n and every error; the error comes out, nothing else fails, and nothing
// stays open.
func TestFaultEveryOperation(t *testing.T) {
	count := newFault(t)
	must(t, everything(count))
	errs := []error{
		syscall.ENOSPC, syscall.EIO, syscall.EROFS, syscall.EMFILE,
		syscall.EDQUOT, syscall.EACCES, ErrNotSupported, ErrLocked,
	}
	for n := range count.Ops() {
		for _, want := range errs {
			c := newDir(t)
			f := NewFault(c)
			f.Inject(At(n, want))
			if err := everything(f); !errors.Is(err, want) {
				t.Errorf("operation %d: got %v, want %v", n, err, want)
			}
			f.Inject(nil)
			for _, e := range []string{"/d/a", "/d/b"} {
				if err := f.Remove(e); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("operation %d: %v", n, err)
				}
			}
			if c.Used() != 0 {
				t.Errorf("operation %d (%v): %d bytes are still open", n, want, c.Used())
			}
			l, err := f.Lock("/d/LOCK")
			must(t, err)
			must(t, l.Close())
		}
	}
}

// What fails was not done, but for what must be done in any case.
func TestFaultIsNotDone(t *testing.T) {
	f := newFault(t)
	file := write(t, f, "/d/a", "old")
	f.Inject(Fail(syscall.EIO))
	n, err := file.WriteAt([]byte("new"), 0)
	wantErr(t, err, syscall.EIO)
	if n != 0 {
		t.Errorf("%d bytes written", n)
	}
	wantErr(t, f.Remove("/d/a"), syscall.EIO)
	wantErr(t, f.Rename("/d/a", "/d/b"), syscall.EIO)
	wantErr(t, file.Close(), syscall.EIO)
	f.Inject(nil)
	wantErr(t, file.Close(), fs.ErrClosed)
	if got, want := list(t, f, "/d"), []string{"a=old"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFaultTorn(t *testing.T) {
	f := newFault(t)
	file := write(t, f, "/d/a", "oldold")
	f.Inject(When(Kinds(OpWriteAt), Fail(Torn(syscall.ENOSPC))))
	n, err := file.WriteAt([]byte("newnew"), 0)
	wantErr(t, err, syscall.ENOSPC)
	f.Inject(nil)
	if got := string(content(t, f, "/d/a")); n != 3 || got != "newold" {
		t.Errorf("%d bytes written, file %q", n, got)
	}
	f.Inject(Fail(Torn(syscall.ENOSPC)))
	wantErr(t, file.Allocate(100), syscall.ENOSPC)
}

// T19: a sync that fails once and then succeeds has made nothing durable, also
// through two layers.
func TestFaultSyncOnce(t *testing.T) {
	c := newDir(t)
	f := NewFault(NewFault(c))
	file := write(t, f, "/d/a", "old")
	must(t, file.Sync())
	must(t, f.SyncDir("/d"))
	_, err := file.WriteAt([]byte("new"), 0)
	must(t, err)
	f.Inject(When(Kinds(OpSync), Once(Fail(syscall.EIO))))
	wantErr(t, file.Sync(), syscall.EIO)
	must(t, file.Sync())
	if got := string(content(t, c.PowerCut(nil, 100, 512), "/d/a")); got != "old" {
		t.Errorf("on the disk %q after a failed sync, want old", got)
	}
	if got := string(content(t, c.Kill(), "/d/a")); got != "new" {
		t.Errorf("in the page cache %q, want new", got)
	}
}

// A failing sync of a file system that knows nothing of it is only not done.
func TestFaultSyncOverOS(t *testing.T) {
	f := NewFault(OS{})
	file := create(t, f, t.TempDir()+"/a")
	f.Inject(At(1, syscall.EIO))
	wantErr(t, file.Sync(), syscall.EIO)
	must(t, file.Sync())
}

func TestInjectors(t *testing.T) {
	eio := Fail(syscall.EIO)
	tests := []struct {
		name string
		inj  Injector
		want string // of reads and writes of /d/x.seg, then /d/y: F fails
	}{
		{"Fail", eio, "FFFF"},
		{"Kinds", When(Kinds(OpReadAt, OpSync), eio), "F.F."},
		{"Base", When(Base("*.seg"), eio), "FF.."},
		{"And", When(And(Base("y"), Kinds(OpWriteAt)), eio), "...F"},
		{"Not", When(Not(Base("y")), eio), "FF.."},
		{"Reads", When(Reads, eio), "F.F."},
		{"Writes", When(Writes, eio), ".F.F"},
		{"Grows", When(Grows, eio), ".F.F"},
		{"At", At(2, syscall.EIO), "..F."},
		{"From", From(2, syscall.EIO), "..FF"},
		{"Nth", Nth(1, eio), ".F.."},
		{"Nth of some", When(Writes, Nth(1, eio)), "...F"},
		{"Once", Once(eio), "F..."},
		{"Once of some", When(Base("y"), Once(eio)), "..F."},
		{"Any", Any(At(0, syscall.EIO), At(3, syscall.EIO)), "F..F"},
		{"Toggle off", NewToggle(eio), "...."},
	}
	for _, test := range tests {
		got := ""
		for i, op := range []Op{
			{Kind: OpReadAt, Name: "/d/x.seg"}, {Kind: OpWriteAt, Name: "/d/x.seg"},
			{Kind: OpReadAt, Name: "/d/y"}, {Kind: OpWriteAt, Name: "/d/y"},
		} {
			op.Index = i
			if test.inj.MaybeError(op) != nil {
				got += "F"
			} else {
				got += "."
			}
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if !Base("*.seg")(Op{Name: "/d/tmp", To: "/d/1.seg"}) {
		t.Error("Base does not look at the target of a rename")
	}
}

func TestBaseRefusesMalformedPattern(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Base("[")
}

func TestToggle(t *testing.T) {
	f := newFault(t)
	full := NewToggle(When(Grows, Fail(syscall.ENOSPC)))
	f.Inject(full)
	file := write(t, f, "/d/a", "x")
	full.Set(true)
	_, err := file.WriteAt([]byte("y"), 0)
	wantErr(t, err, syscall.ENOSPC)
	_, err = file.ReadAt(make([]byte, 1), 0)
	must(t, err)
	full.Set(false)
	_, err = file.WriteAt([]byte("y"), 0)
	must(t, err)
}

// T21: what hangs goes on after the release; what does not match never hangs.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFault(t)
		file := write(t, f, "/d/a", "x")
		stall := NewStall(Kinds(OpSync, OpWriteAt))
		f.Inject(stall)
		must(t, file.Sync()) // not held yet
		stall.Hold()
		var wg sync.WaitGroup
		done := make(chan error, 2)
		wg.Go(func() { done <- file.Sync() })
		wg.Go(func() { _, err := file.WriteAt([]byte("y"), 0); done <- err })
		stall.Await(2)
		synctest.Wait()
		if len(done) != 0 {
			t.Error("an operation came through")
		}
		if got := string(content(t, f, "/d/a")); got != "x" {
			t.Errorf("file %q before the release", got)
		}
		stall.Release()
		wg.Wait()
		must(t, <-done)
		must(t, <-done)
		if got := string(content(t, f, "/d/a")); got != "y" {
			t.Errorf("file %q after the release", got)
		}
		must(t, file.Sync())
	})
}

// The same calls give the same operations, and goroutines lose none.
func TestFaultConcurrent(t *testing.T) {
	f := newFault(t)
	file := write(t, f, "/d/a", "x")
	var rec Recorder
	f.Inject(&rec)
	before := f.Ops()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if _, err := file.ReadAt(make([]byte, 1), 0); err != nil && err != io.EOF {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[int]bool{}
	for _, op := range rec.Ops() {
		seen[op.Index] = true
	}
	if f.Ops()-before != 400 || len(seen) != 400 || f.Count(OpReadAt) != 400 {
		t.Errorf("%d operations, %d indexes, %d reads; want 400 each", f.Ops()-before, len(seen), f.Count(OpReadAt))
	}
}
