package vfs

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
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
	zeros := strings.Repeat("\x00", sectorSize)
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
	first := scene(t, 7)
	if again := scene(t, 7); first != again {
		t.Error("the same seed gave other files")
	}
	if first == scene(t, 8) {
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
