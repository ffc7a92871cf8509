package vfs

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// must fails the test if a step that the test only needs goes wrong.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, fsys FS, name string) File {
	t.Helper()
	f, err := fsys.Create(name)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got error %v, want %v", got, want)
	}
}

func TestOSMode(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	must(t, OS{}.MkdirAll(dir))
	f := create(t, OS{}, filepath.Join(dir, "f"))
	must(t, f.Allocate(8192))
	size, err := f.Size()
	must(t, err)
	if size != 8192 {
		t.Errorf("size %d after Allocate(8192)", size)
	}
}

func TestOSCreateExists(t *testing.T) {
	dir := t.TempDir()
	create(t, OS{}, filepath.Join(dir, "f"))
	_, err := OS{}.Create(filepath.Join(dir, "f"))
	wantErr(t, err, fs.ErrExist)
	must(t, OS{}.MkdirAll(filepath.Join(dir, "d")))
	_, err = OS{}.Create(filepath.Join(dir, "d"))
	wantErr(t, err, fs.ErrExist)
	_, err = OS{}.Open(filepath.Join(dir, "none"))
	wantErr(t, err, fs.ErrNotExist)
}

func TestOSReadWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	f := create(t, OS{}, name)
	if _, err := f.WriteAt([]byte("hello"), 3); err != nil {
		t.Fatal(err)
	}
	must(t, f.Sync())
	must(t, f.Writeback(0, 8))
	must(t, f.Evict(0, 8))
	g, err := OS{}.Open(name)
	must(t, err)
	defer g.Close()
	p := make([]byte, 10)
	n, err := g.ReadAt(p, 0)
	if n != 8 || err != io.EOF || !bytes.Equal(p[:n], []byte("\x00\x00\x00hello")) {
		t.Errorf("read %q, %v", p[:n], err)
	}
}

// TestOSAllocateGrowsOnly: a shorter file under a mapping is a SIGBUS.
func TestOSAllocateGrowsOnly(t *testing.T) {
	f := create(t, OS{}, filepath.Join(t.TempDir(), "f"))
	must(t, f.Allocate(8192))
	must(t, f.Allocate(4096))
	if size, _ := f.Size(); size != 8192 {
		t.Errorf("size %d, want 8192", size)
	}
}

func TestOSNames(t *testing.T) {
	dir := t.TempDir()
	create(t, OS{}, filepath.Join(dir, "b"))
	create(t, OS{}, filepath.Join(dir, "c")).Close()
	must(t, OS{}.Rename(filepath.Join(dir, "c"), filepath.Join(dir, "a")))
	must(t, OS{}.SyncDir(dir))
	entries, err := OS{}.ReadDir(dir)
	must(t, err)
	if len(entries) != 2 || entries[0].Name() != "a" || entries[1].Name() != "b" {
		t.Errorf("entries %v, want a, b", entries)
	}
	must(t, OS{}.Remove(filepath.Join(dir, "a")))
	wantErr(t, OS{}.Remove(filepath.Join(dir, "a")), fs.ErrNotExist)
	wantErr(t, OS{}.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "z")), fs.ErrNotExist)
}

func TestOSVolume(t *testing.T) {
	dir := t.TempDir()
	space, err := OS{}.Space(dir)
	must(t, err)
	if space.Free <= 0 || space.Size < space.Free {
		t.Errorf("%+v", space)
	}
	_, err = OS{}.Kind(dir)
	must(t, err)
	_, err = OS{}.Space(filepath.Join(dir, "none"))
	wantErr(t, err, fs.ErrNotExist)
	_, err = OS{}.Kind(filepath.Join(dir, "none"))
	wantErr(t, err, fs.ErrNotExist)
}

// T38, in one process: the lock belongs to the open file.
func TestOSLockTwiceInOneProcess(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	l, err := OS{}.Lock(name)
	must(t, err)
	_, err = OS{}.Lock(name)
	wantErr(t, err, ErrLocked)
	must(t, l.Close())
	l, err = OS{}.Lock(name)
	must(t, err)
	must(t, l.Close())
}

// A lock on a file that has lost its name locks nobody out: the next Lock must
// be on the file that has the name.
func TestOSLockAfterRemove(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	old, err := OS{}.Lock(name)
	must(t, err)
	defer old.Close()
	must(t, os.Remove(name))
	l, err := OS{}.Lock(name)
	must(t, err)
	defer l.Close()
	_, err = OS{}.Lock(name)
	wantErr(t, err, ErrLocked)
}
