package vfs

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// write makes a file if need be and writes text at its start.
func write(t *testing.T, fsys FS, name, text string) File {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		f, err = fsys.Create(name)
	}
	must(t, err)
	_, err = f.WriteAt([]byte(text), 0)
	must(t, err)
	return f
}

// list gives what a directory holds, as "name=text"; text without zeros at its
// end.
func list(t *testing.T, fsys FS, dir string) []string {
	t.Helper()
	entries, err := fsys.ReadDir(dir)
	must(t, err)
	out := []string{}
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name()+"/")
			continue
		}
		out = append(out, e.Name()+"="+string(bytes.TrimRight(content(t, fsys, dir+"/"+e.Name()), "\x00")))
	}
	return out
}

func content(t *testing.T, fsys FS, name string) []byte {
	t.Helper()
	f, err := fsys.Open(name)
	must(t, err)
	defer f.Close()
	size, err := f.Size()
	must(t, err)
	p := make([]byte, size)
	if n, err := f.ReadAt(p, 0); int64(n) != size || (err != nil && err != io.EOF) {
		t.Fatalf("read %s: %d of %d bytes: %v", name, n, size, err)
	}
	return p
}

func newDir(t *testing.T) *Crash {
	t.Helper()
	c := NewCrash(1)
	must(t, c.MkdirAll("/d"))
	must(t, c.SyncDir("/"))
	return c
}

// TestCrashPowerCut: what a power cut leaves when nothing that was not synced
// survives, and when all of it does.
func TestCrashPowerCut(t *testing.T) {
	tests := []struct {
		name       string
		run        func(t *testing.T, c *Crash)
		none, all_ []string
	}{
		{"nothing synced", func(t *testing.T, c *Crash) {
			write(t, c, "/d/a", "new")
		}, []string{}, []string{"a=new"}},
		{"file synced, name not", func(t *testing.T, c *Crash) {
			must(t, write(t, c, "/d/a", "new").Sync())
		}, []string{}, []string{"a=new"}},
		{"name synced, file not", func(t *testing.T, c *Crash) {
			write(t, c, "/d/a", "new")
			must(t, c.SyncDir("/d"))
		}, []string{"a="}, []string{"a=new"}},
		{"both synced", func(t *testing.T, c *Crash) {
			must(t, write(t, c, "/d/a", "new").Sync())
			must(t, c.SyncDir("/d"))
		}, []string{"a=new"}, []string{"a=new"}},
		{"overwritten after sync", func(t *testing.T, c *Crash) {
			must(t, write(t, c, "/d/a", "old").Sync())
			must(t, c.SyncDir("/d"))
			write(t, c, "/d/a", "new")
		}, []string{"a=old"}, []string{"a=new"}},
		{"renamed", func(t *testing.T, c *Crash) {
			must(t, write(t, c, "/d/a", "x").Sync())
			must(t, c.SyncDir("/d"))
			must(t, c.Rename("/d/a", "/d/b"))
		}, []string{"a=x"}, []string{"b=x"}},
		{"renamed over another", func(t *testing.T, c *Crash) {
			must(t, write(t, c, "/d/a", "x").Sync())
			must(t, write(t, c, "/d/b", "y").Sync())
			must(t, c.SyncDir("/d"))
			must(t, c.Rename("/d/a", "/d/b"))
		}, []string{"a=x", "b=y"}, []string{"b=x"}},
		{"renamed and directory synced", func(t *testing.T, c *Crash) {
			must(t, write(t, c, "/d/a", "x").Sync())
			must(t, c.Rename("/d/a", "/d/b"))
			must(t, c.SyncDir("/d"))
		}, []string{"b=x"}, []string{"b=x"}},
		{"removed", func(t *testing.T, c *Crash) {
			f := write(t, c, "/d/a", "x")
			must(t, f.Sync())
			must(t, f.Close())
			must(t, c.SyncDir("/d"))
			must(t, c.Remove("/d/a"))
		}, []string{"a=x"}, []string{}},
		{"removed while open, written", func(t *testing.T, c *Crash) {
			f := write(t, c, "/d/a", "x")
			must(t, f.Sync())
			must(t, c.SyncDir("/d"))
			must(t, c.Remove("/d/a"))
			_, err := f.WriteAt([]byte("y"), 0)
			must(t, err)
		}, []string{"a=x"}, []string{}},
		{"made again under the name", func(t *testing.T, c *Crash) {
			must(t, write(t, c, "/d/a", "one").Sync())
			must(t, c.SyncDir("/d"))
			must(t, c.Remove("/d/a"))
			must(t, write(t, c, "/d/a", "two").Sync())
		}, []string{"a=one"}, []string{"a=two"}},
		{"to a new directory, source synced", func(t *testing.T, c *Crash) {
			must(t, c.MkdirAll("/d/q"))
			must(t, write(t, c, "/d/q/a", "x").Sync())
			must(t, c.Rename("/d/q/a", "/d/a"))
			must(t, c.SyncDir("/d/q"))
			must(t, c.Remove("/d/q"))
		}, []string{"a=x"}, []string{"a=x"}},
		{"directory itself not synced", func(t *testing.T, c *Crash) {
			must(t, c.MkdirAll("/d/q"))
			must(t, write(t, c, "/d/q/a", "x").Sync())
			must(t, c.SyncDir("/d/q"))
		}, []string{}, []string{"q/"}},
		{"failed sync, then one that succeeds", func(t *testing.T, c *Crash) {
			f := write(t, c, "/d/a", "old")
			must(t, f.Sync())
			must(t, c.SyncDir("/d"))
			write(t, c, "/d/a", "new")
			f.(*crashFile).failSync()
			must(t, f.Sync())
		}, []string{"a=old"}, []string{"a=old"}},
		{"failed sync, changed, synced", func(t *testing.T, c *Crash) {
			f := write(t, c, "/d/a", "old")
			must(t, c.SyncDir("/d"))
			f.(*crashFile).failSync()
			write(t, c, "/d/a", "new")
			must(t, f.Sync())
		}, []string{"a=new"}, []string{"a=new"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newDir(t)
			test.run(t, c)
			for _, sector := range []int{512, 4096} {
				if got := list(t, c.PowerCut(nil, 0, sector), "/d"); !slices.Equal(got, test.none) {
					t.Errorf("none survives: got %q, want %q", got, test.none)
				}
				if got := list(t, c.PowerCut(nil, 100, sector), "/d"); !slices.Equal(got, test.all_) {
					t.Errorf("all survives: got %q, want %q", got, test.all_)
				}
			}
			if k := c.Kill(); !slices.Equal(list(t, k, "/d"), list(t, c, "/d")) {
				t.Errorf("after a kill %q, before %q", list(t, k, "/d"), list(t, c, "/d"))
			}
		})
	}
}

// A kill loses nothing, but syncs nothing either.
func TestCrashKillThenPowerCut(t *testing.T) {
	c := newDir(t)
	must(t, write(t, c, "/d/a", "old").Sync())
	must(t, c.SyncDir("/d"))
	write(t, c, "/d/a", "new")
	write(t, c, "/d/b", "b")
	k := c.Kill()
	if got, want := list(t, k, "/d"), []string{"a=new", "b=b"}; !slices.Equal(got, want) {
		t.Errorf("after the kill %q, want %q", got, want)
	}
	if got, want := list(t, k.PowerCut(nil, 0, 512), "/d"), []string{"a=old"}; !slices.Equal(got, want) {
		t.Errorf("after the cut %q, want %q", got, want)
	}
	must(t, k.SyncDir("/d"))
	if got, want := list(t, k.PowerCut(nil, 0, 512), "/d"), []string{"a=old", "b="}; !slices.Equal(got, want) {
		t.Errorf("after the sync and the cut %q, want %q", got, want)
	}
}

// The clone and what it was made of are two.
func TestCrashCloneIsApart(t *testing.T) {
	c := newDir(t)
	f := write(t, c, "/d/a", "before")
	m, err := f.Map(6)
	must(t, err)
	l, err := c.Lock("/d/LOCK")
	must(t, err)
	k := c.Kill()
	copy(m.Bytes(), "zombie")
	write(t, c, "/d/b", "")
	if got, want := list(t, k, "/d"), []string{"LOCK=", "a=before"}; !slices.Equal(got, want) {
		t.Errorf("clone %q, want %q", got, want)
	}
	_, err = c.Lock("/d/LOCK")
	wantErr(t, err, ErrLocked)
	kl, err := k.Lock("/d/LOCK")
	must(t, err)
	must(t, l.Close())
	_, err = k.Lock("/d/LOCK")
	wantErr(t, err, ErrLocked)
	must(t, kl.Close())
}

// fill writes n sectors that all differ.
func fill(t *testing.T, f File, n int, mark byte) {
	t.Helper()
	p := bytes.Repeat([]byte{mark}, n*sectorSize)
	for i := range n {
		p[i*sectorSize] = byte(i)
	}
	_, err := f.WriteAt(p, 0)
	must(t, err)
}

// TestCrashShare: sectors survive whole, each for itself, in about the share
// asked for, and in groups of eight where the disk's sector is a page.
func TestCrashShare(t *testing.T) {
	const sectors = 4096
	c := newDir(t)
	f := create(t, c, "/d/a")
	fill(t, f, sectors, 'o')
	must(t, f.Sync())
	must(t, c.SyncDir("/d"))
	fill(t, f, sectors, 'n')
	for _, sector := range []int{512, 4096} {
		for _, share := range []int{0, 10, 50, 90, 100} {
			p := content(t, c.PowerCut(nil, share, sector), "/d/a")
			survived := 0
			for off := 0; off < len(p); off += sector {
				last := p[off+sector-1]
				for i := off + 1; i < off+sector; i++ {
					if i%sectorSize != 0 && p[i] != last {
						t.Fatalf("sector at %d is torn", off)
					}
				}
				if last == 'n' {
					survived++
				}
			}
			got := 100 * survived * sector / len(p)
			if got < share-8 || got > share+8 {
				t.Errorf("sector %d: %d %% survived, want about %d", sector, got, share)
			}
		}
	}
}

// The length is one thing more that may be lost, and zeros are what a length
// without contents shows.
func TestCrashLengthWithoutContents(t *testing.T) {
	c := newDir(t)
	f := create(t, c, "/d/a")
	must(t, c.SyncDir("/d"))
	fill(t, f, 1, 'x')
	seen := map[string]bool{}
	for range 100 {
		seen[string(content(t, c.PowerCut(nil, 50, 512), "/d/a"))] = true
	}
	zeros := string(make([]byte, sectorSize))
	if !seen[""] || !seen[zeros] || len(seen) != 3 {
		t.Errorf("%d states; empty %t, zeros %t; want 3 with both", len(seen), seen[""], seen[zeros])
	}
}

// Names survive each for itself: in all combinations.
func TestCrashNamesAreIndependent(t *testing.T) {
	c := newDir(t)
	create(t, c, "/d/a")
	create(t, c, "/d/b")
	seen := map[string]bool{}
	for range 100 {
		seen[fmt.Sprint(list(t, c.PowerCut(nil, 50, 512), "/d"))] = true
	}
	if len(seen) != 4 {
		t.Errorf("states %v, want 4", seen)
	}
}

// A file is never lost by a rename, and never has two names, whichever changes
// survive.
func TestCrashRenameKeepsTheFile(t *testing.T) {
	c := newDir(t)
	must(t, c.MkdirAll("/q"))
	must(t, c.SyncDir("/"))
	must(t, write(t, c, "/d/a", "x").Sync())
	must(t, c.SyncDir("/d"))
	must(t, c.Rename("/d/a", "/q/b"))
	must(t, c.Rename("/q/b", "/d/c"))
	must(t, c.Rename("/d/c", "/q/d"))
	for range 200 {
		cut := c.PowerCut(nil, 50, 512)
		if got := append(list(t, cut, "/d"), list(t, cut, "/q")...); len(got) != 1 {
			t.Fatalf("files %q, want one", got)
		}
	}
}

// A synced rename is not undone by the older creation that it followed.
func TestCrashSyncDirTakesOlderChangesAlong(t *testing.T) {
	c := newDir(t)
	must(t, c.MkdirAll("/q"))
	must(t, c.SyncDir("/"))
	must(t, write(t, c, "/d/a", "x").Sync())
	must(t, c.Rename("/d/a", "/q/b"))
	must(t, c.SyncDir("/q"))
	for _, share := range []int{0, 100} {
		if got, want := list(t, c.PowerCut(nil, share, 512), "/q"), []string{"b=x"}; !slices.Equal(got, want) {
			t.Errorf("share %d: got %q, want %q", share, got, want)
		}
	}
}

// scene does the same to every file system with the same seed.
func scene(t *testing.T, seed uint64) string {
	c := NewCrash(seed)
	must(t, c.MkdirAll("/d"))
	must(t, c.SyncDir("/"))
	for i := range 20 {
		f := write(t, c, fmt.Sprintf("/d/%02d", i), "x")
		fill(t, f, 16, byte(i))
		if i%2 == 0 {
			must(t, f.Sync())
			fill(t, f, 16, 'z')
		}
	}
	var out bytes.Buffer
	for range 3 {
		c = c.Kill().PowerCut(nil, 70, 512)
		if _, err := c.ReadDir("/d"); err == nil {
			fmt.Fprintf(&out, "%q\n", list(t, c, "/d"))
		}
	}
	return out.String()
}

func TestCrashIsDeterministic(t *testing.T) {
	if scene(t, 7) != scene(t, 7) {
		t.Error("the same seed gave other files")
	}
	if scene(t, 7) == scene(t, 8) {
		t.Error("another seed gave the same files")
	}
	c := newDir(t)
	fill(t, write(t, c, "/d/a", ""), 64, 'x')
	must(t, c.SyncDir("/d"))
	cut := func() []byte { return content(t, c.PowerCut(rand.New(rand.NewPCG(3, 4)), 50, 512), "/d/a") }
	if !bytes.Equal(cut(), cut()) {
		t.Error("the same source gave other files")
	}
}

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
	if free, _ := c.Free("/d"); free != 4096 {
		t.Errorf("free %d, want 4096", free)
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
	_, err = c.Free("/none")
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
