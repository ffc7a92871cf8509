package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// class is what of an error the buffer can tell from others.
func class(err error) string {
	switch {
	case err == nil:
		return "nil"
	case errors.Is(err, ErrUnsafe):
		return "unsafe"
	case errors.Is(err, ErrLocked):
		return "locked"
	case errors.Is(err, fs.ErrClosed):
		return "closed"
	case errors.Is(err, io.EOF):
		return "EOF"
	case errors.Is(err, syscall.ENOTDIR):
		return "not a directory"
	case errors.Is(err, syscall.ENOTEMPTY):
		return "not empty"
	case errors.Is(err, fs.ErrExist):
		return "exists"
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist"
	case errors.Is(err, syscall.EINVAL):
		return "invalid"
	default:
		return err.Error()
	}
}

// player does random things to one file system and says what came of it. Two
// with the same seed do the same things.
type player struct {
	fsys  FS
	root  string
	rng   *rand.Rand
	files []File
	locks []io.Closer
}

func (p *player) name() string {
	names := []string{"a", "b", "c", "d", "d/a", "d/b", "d/e", "d/e/a"}
	return filepath.Join(p.root, names[p.rng.IntN(len(names))])
}

// step does one thing and describes its result.
func (p *player) step() string {
	switch p.rng.IntN(9) {
	case 0:
		return "mkdir " + class(p.fsys.MkdirAll(p.name()))
	case 1, 2:
		f, err := p.fsys.Create(p.name())
		return "create " + p.keep(f, err)
	case 3:
		f, err := p.fsys.Open(p.name())
		return "open " + p.keep(f, err)
	case 4:
		return "remove " + class(p.fsys.Remove(p.name()))
	case 5:
		return "rename " + class(p.fsys.Rename(p.name(), p.name()))
	case 6:
		entries, err := p.fsys.ReadDir(p.name())
		out := "list " + class(err)
		for _, e := range entries {
			out += fmt.Sprintf(" %s %t", e.Name(), e.IsDir())
		}
		return out
	case 7:
		return p.lock()
	default:
		return p.use()
	}
}

func (p *player) keep(f File, err error) string {
	if err == nil {
		p.files = append(p.files, f)
	}
	return class(err)
}

func (p *player) lock() string {
	if len(p.locks) > 0 && p.rng.IntN(2) == 0 {
		l := p.locks[0]
		p.locks = p.locks[1:]
		return "unlock " + class(l.Close())
	}
	l, err := p.fsys.Lock(p.name())
	if err == nil {
		p.locks = append(p.locks, l)
	}
	return "lock " + class(err)
}

// use does something with an open file, which may have been removed or closed.
func (p *player) use() string {
	off, size := p.rng.Int64N(9000), 1+p.rng.IntN(9000) // os.File does not look at a call for no bytes
	pick, what := p.rng.Int(), p.rng.IntN(7)
	if len(p.files) == 0 {
		return "no file"
	}
	f := p.files[pick%len(p.files)]
	switch what {
	case 0:
		n, err := f.WriteAt(slices.Repeat([]byte{byte(size)}, size), off)
		return fmt.Sprint("write ", n, class(err))
	case 1:
		b := make([]byte, size)
		n, err := f.ReadAt(b, off)
		return fmt.Sprint("read ", n, class(err), b[:n])
	case 2:
		return "allocate " + class(f.Allocate(off))
	case 3:
		n, err := f.Size()
		return fmt.Sprint("size ", n, class(err))
	case 4:
		return "sync " + class(f.Sync())
	case 5:
		return "map " + mapAndStore(f, size, byte(off))
	default:
		return "close " + class(f.Close())
	}
}

func mapAndStore(f File, size int, mark byte) string {
	m, err := f.Map(size)
	if err != nil {
		return class(err)
	}
	err = m.Populate()
	m.Bytes()[size/2] = mark
	return class(err) + class(m.Unmap())
}

// TestImplementationsAgree: what the tests of the buffer find over Crash and
// Fault says something about OS only if all do the same. On Linux only: which of
// two errors comes first is another order elsewhere.
func TestImplementationsAgree(t *testing.T) {
	seed := newSeed(t)
	for round := range rounds(10) {
		var players []*player
		for _, fsys := range []FS{OS{}, NewCrash(1), NewFault(OS{}), NewFault(NewCrash(1))} {
			root := t.TempDir()
			must(t, fsys.MkdirAll(root))
			players = append(players, &player{fsys: fsys, root: root, rng: rand.New(rand.NewPCG(seed, round))})
		}
		for i := range 300 {
			want := players[0].step()
			for _, p := range players[1:] {
				if got := p.step(); got != want {
					t.Fatalf("round %d, step %d: %T: %.200s; OS: %.200s", round, i, p.fsys, got, want)
				}
			}
		}
		for _, p := range players {
			for _, f := range p.files {
				f.Close()
			}
			for _, l := range p.locks {
				l.Close()
			}
		}
	}
}
