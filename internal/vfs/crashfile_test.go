package vfs

import (
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

func TestCrashMapAliases(t *testing.T) {
	c := newDir(t)
	f := create(t, c, "/d/a")
	must(t, f.Allocate(8192))
	m, err := f.Map(8192)
	must(t, err)
	must(t, m.Populate())
	copy(m.Bytes()[5000:], "stored")
	p := make([]byte, 6)
	if _, err := f.ReadAt(p, 5000); err != nil || string(p) != "stored" {
		t.Errorf("read %q, %v", p, err)
	}
	_, err = f.WriteAt([]byte("written"), 100)
	must(t, err)
	if got := m.Bytes()[100:107]; string(got) != "written" {
		t.Errorf("mapped %q", got)
	}
	must(t, f.Sync())
	must(t, c.SyncDir("/d"))
	copy(m.Bytes()[5000:], "later!")
	got := content(t, c.PowerCut(nil, 0, 512), "/d/a")[5000:5006]
	if string(got) != "stored" {
		t.Errorf("on the disk %q, want what was there at the sync", got)
	}
}

// After Unmap the memory is rubbish and no longer the file.
func TestCrashUseAfterUnmap(t *testing.T) {
	c := newDir(t)
	f := write(t, c, "/d/a", "kept")
	m1, err := f.Map(4)
	must(t, err)
	m2, err := f.Map(4)
	must(t, err)
	b := m1.Bytes()
	must(t, m1.Unmap())
	if string(m2.Bytes()) != "kept" {
		t.Error("unmapping one mapping took the other's memory")
	}
	must(t, m2.Unmap())
	if string(b) == "kept" {
		t.Error("memory still holds the file after the last Unmap")
	}
	copy(b, "late")
	if got := string(content(t, c, "/d/a")); got != "kept" {
		t.Errorf("file holds %q after a late store", got)
	}
	if m1.Bytes() != nil {
		t.Error("Bytes after Unmap is not nil")
	}
	wantErr(t, m1.Unmap(), fs.ErrClosed)
	wantErr(t, m1.Populate(), fs.ErrClosed)
}

func TestCrashMapLimits(t *testing.T) {
	c := newDir(t)
	f := write(t, c, "/d/a", "1234")
	for _, size := range []int{-1, 0, 5} {
		_, err := f.Map(size)
		wantErr(t, err, syscall.EINVAL)
	}
	m, err := f.Map(4)
	must(t, err)
	wantErr(t, f.Allocate(1<<20), ErrNotSupported)
	must(t, m.Unmap())
	must(t, f.Allocate(1<<20))
}

// TestCrashSyncBesideStores is for the race detector: syncs, reads and clones
// beside producers that store to mapped memory, as the kernel would.
func TestCrashSyncBesideStores(t *testing.T) {
	c := newDir(t)
	f := create(t, c, "/d/a")
	must(t, f.Allocate(64<<10))
	m, err := f.Map(64 << 10)
	must(t, err)
	var stop atomic.Bool
	var wg sync.WaitGroup
	for g := range 2 {
		part := m.Bytes()[g*32<<10:][:32<<10]
		wg.Go(func() {
			for i := 0; !stop.Load(); i++ {
				part[i%len(part)]++
			}
		})
	}
	p := make([]byte, 64<<10)
	for range 50 {
		must(t, f.Sync())
		if _, err := f.ReadAt(p, 0); err != nil {
			t.Error(err)
		}
		c.Kill().PowerCut(nil, 50, 512)
	}
	stop.Store(true)
	wg.Wait()
	must(t, m.Unmap())
}

func TestCrashCapacity(t *testing.T) {
	c := newDir(t)
	c.SetCapacity(8192)
	f := create(t, c, "/d/a")
	must(t, f.Allocate(4096))
	if space, _ := c.Space("/d"); space != (Space{Free: 4096, Size: 8192}) {
		t.Errorf("%+v, want 4096 free of 8192", space)
	}
	wantErr(t, f.Allocate(8193), syscall.ENOSPC)
	_, err := f.WriteAt(make([]byte, 8192), 1)
	wantErr(t, err, syscall.ENOSPC)
	if size, _ := f.Size(); size != 4096 {
		t.Errorf("size %d after failed growth, want 4096", size)
	}
	must(t, f.Allocate(8192))
	_, err = c.Create("/d/b")
	wantErr(t, err, syscall.ENOSPC)
	wantErr(t, c.MkdirAll("/d/q"), syscall.ENOSPC)
	_, err = c.Lock("/d/LOCK")
	wantErr(t, err, syscall.ENOSPC)
	_, err = f.WriteAt(make([]byte, 8192), 0)
	must(t, err)
	must(t, c.Rename("/d/a", "/d/c"))
	must(t, c.Remove("/d/c"))
	if c.Used() != 8192 {
		t.Errorf("used %d, want 8192 while the removed file is open", c.Used())
	}
	must(t, f.Close())
	if c.Used() != 0 {
		t.Errorf("used %d, want 0", c.Used())
	}
	create(t, c, "/d/b")
}

func TestCrashNames(t *testing.T) {
	c := newDir(t)
	must(t, c.MkdirAll("/d/x/y"))
	create(t, c, "/d/f")
	_, err := c.Create("/d/f")
	wantErr(t, err, fs.ErrExist)
	_, err = c.Create("/none/f")
	wantErr(t, err, fs.ErrNotExist)
	_, err = c.Create("/d/f/g")
	wantErr(t, err, syscall.ENOTDIR)
	_, err = c.Open("/d/x")
	wantErr(t, err, ErrUnsafe)
	_, err = c.Open("/d/none")
	wantErr(t, err, fs.ErrNotExist)
	wantErr(t, c.MkdirAll("/d/f"), ErrUnsafe)
	wantErr(t, c.SyncDir("/d/f"), ErrUnsafe)
	wantErr(t, c.SyncDir("/none"), fs.ErrNotExist)
	_, err = c.ReadDir("/none")
	wantErr(t, err, fs.ErrNotExist)
	_, err = c.Space("/none")
	wantErr(t, err, fs.ErrNotExist)
	wantErr(t, c.Remove("/d/none"), fs.ErrNotExist)
	wantErr(t, c.Remove("/d/x"), syscall.ENOTEMPTY)
	wantErr(t, c.Remove("/"), syscall.EBUSY)
	wantErr(t, c.Rename("/d/none", "/d/g"), fs.ErrNotExist)
	wantErr(t, c.Rename("/d/x", "/d/x/y/z"), syscall.EINVAL)
	wantErr(t, c.Rename("/d/f", "/d/x"), fs.ErrExist)
	must(t, c.Rename("/d/f", "/d/f"))
	must(t, c.Remove("/d/x/y"))
	if got, want := list(t, c, "d/"), []string{"f=", "x/"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	c.SetKind(Memory)
	if k, err := c.Kind("/d"); k != Memory || err != nil {
		t.Errorf("kind %v, %v", k, err)
	}
}

func TestCrashClosedFile(t *testing.T) {
	c := newDir(t)
	f := write(t, c, "/d/a", "x")
	must(t, f.Close())
	_, readErr := f.ReadAt(nil, 0)
	_, writeErr := f.WriteAt(nil, 0)
	_, mapErr := f.Map(1)
	_, sizeErr := f.Size()
	for _, err := range []error{readErr, writeErr, mapErr, sizeErr, f.Sync(), f.Allocate(1), f.Close(), f.Writeback(0, 1), f.Evict(0, 1)} {
		wantErr(t, err, fs.ErrClosed)
	}
	l, err := c.Lock("/d/L")
	must(t, err)
	must(t, l.Close())
	again, err := c.Lock("/d/L")
	must(t, err)
	wantErr(t, l.Close(), fs.ErrClosed)
	_, err = c.Lock("/d/L")
	wantErr(t, err, ErrLocked) // closing the old one twice let go of nothing
	must(t, again.Close())
}
