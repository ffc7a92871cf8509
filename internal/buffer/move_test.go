package buffer

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// movable skips where a directory with open files keeps its name.
func movable(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows renames no directory with open files: see TestMoveRefused")
	}
}

// Producers and a consumer go on while the directory is moved; afterwards all
// of it is under the last name, and nothing under the others.
func TestMove(t *testing.T) {
	movable(t)
	for _, mode := range []Mode{Mapped, Written} {
		parent := t.TempDir()
		names := []string{filepath.Join(parent, "a"), filepath.Join(parent, "b")}
		o := testOptions()
		o.Mode, o.MinSegment, o.MaxSegment = mode, 64<<10, 64<<10
		b := open(t, names[0], o)
		var group sync.WaitGroup
		for p := range uint64(4) {
			group.Go(func() {
				for i := range uint64(3000) {
					if _, err := b.Append(t.Context(), record(p<<32|i+1, 200)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		over := make(chan struct{})
		moved := make(chan int)
		go func() {
			n := 0
			for ; ; n++ {
				select {
				case <-over:
					moved <- n
					return
				default:
				}
				if err := b.Move(names[(n+1)%2]); err != nil {
					t.Error(err)
				}
			}
		}()
		got := map[uint64]int{}
		for len(got) < 6000 { // half is left for the next one
			drainAll(t, b, func(e Entry) { got[idOf(e)]++ })
		}
		group.Wait()
		close(over)
		n := <-moved
		closeBuffer(t, b)
		if _, err := os.Stat(names[(n+1)%2]); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the old name after %d moves: %v", n, err)
		}
		collect(t, names[n%2], o, got)
		for id, times := range got {
			if times != 1 {
				t.Fatalf("%x came %d times", id, times)
			}
		}
		if len(got) != 12000 || n == 0 {
			t.Errorf("%d of 12000 records after %d moves", len(got), n)
		}
	}
}

// movingLives runs children that move their directory until they are killed.
// At each death it has one name, with everything.
func movingLives(t *testing.T, lives int, args func(life int) childArgs) {
	t.Helper()
	movable(t)
	base := filepath.Join(t.TempDir(), "q")
	appended, delivered := map[uint64]int{}, map[uint64]int{}
	for life := range lives {
		a := args(life)
		a.dir, a.kind, a.round = base, "move", life+1
		runChild(t, a, appended, delivered)
		onlyName(t, base)
	}
	collect(t, base, quiet(), delivered)
	checkNoneLost(t, appended, delivered)
	if len(appended) == 0 {
		t.Error("nothing was appended: the test shows nothing")
	}
}

// onlyName gives the directory back the name that children begin with.
func onlyName(t *testing.T, base string) {
	t.Helper()
	moved := base + movedSuffix[0]
	if _, err := os.Stat(moved); err != nil {
		return
	}
	if entries, err := os.ReadDir(base); err == nil {
		t.Fatalf("both names are there, the old one with %v", entries)
	}
	if err := os.Rename(moved, base); err != nil {
		t.Fatal(err)
	}
}

// A kill at any moment of a move (T1).
func TestMoveKilled(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	lives := 4
	if nightly() {
		lives = 200
	}
	movingLives(t, lives, func(int) childArgs {
		return childArgs{killAfter: time.Duration(rng.IntN(60)) * time.Millisecond, fromFirst: true}
	})
}

// The power goes after a move, or before its sync: the directory is whole, under
// its new name if Move has returned nil, else under either. With Power every record
// is there (T4).
func TestMovePowerCut(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	names, rounds := map[string]int{}, 60
	if nightly() {
		rounds = 2000
	}
	for i := range rounds {
		fsys := vfs.NewCrash(seed + uint64(i))
		fault := vfs.NewFault(fsys)
		o := testOptions()
		o.Durability = Power
		b := openOn(t, fault, "/state/a", o)
		n := 1 + uint64(rng.IntN(20))
		for id := range n {
			mustAppend(t, b, id, 100)
		}
		early := i%2 == 0
		if early {
			fault.Inject(vfs.When(vfs.And(vfs.Kinds(vfs.OpSyncDir), vfs.Base("state")), vfs.InjectorFunc(func(vfs.Op) error { return syscall.EIO })))
		}
		if err := b.Move("/state/b"); (err != nil) != early {
			t.Fatalf("seed %d: %v", seed, err)
		}
		cut := fsys.PowerCut(rng, []int{0, 50, 100}[rng.IntN(3)], 4096)
		_ = b.Close()
		entries := must(cut.ReadDir("/state"))
		if len(entries) != 1 || !early && entries[0].Name() != "b" {
			t.Fatalf("seed %d: after a cut there is %v", seed, entries)
		}
		names[entries[0].Name()]++
		o.NewID = newID()
		b = openOn(t, cut, "/state/"+entries[0].Name(), o)
		got := map[uint64]int{}
		drainAll(t, b, func(e Entry) { got[idOf(e)]++ })
		closeBuffer(t, b)
		if uint64(len(got)) != n {
			t.Fatalf("seed %d: %d of %d records", seed, len(got), n)
		}
	}
	if names["a"] == 0 || names["b"] == 0 {
		t.Errorf("after all cuts: %v", names)
	}
}

// What does not allow a move leaves everything as it was.
func TestMoveRefused(t *testing.T) {
	dir := t.TempDir()
	full := filepath.Join(dir, "full")
	if err := os.MkdirAll(filepath.Join(full, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	fsys := vfs.NewFault(vfs.OS{})
	home := filepath.Join(dir, "home")
	b := must(Open(fsys, home, testOptions()))
	second := must(Open(vfs.OS{}, home, testOptions())) // as another process
	if err := b.Move(filepath.Join(dir, "new")); !errors.Is(err, ErrShared) {
		t.Errorf("with a neighbour: %v", err)
	}
	if err := second.Move(filepath.Join(dir, "new")); !errors.Is(err, ErrShared) {
		t.Errorf("of a neighbour: %v", err)
	}
	closeBuffer(t, second)
	if err := b.Move(full); err == nil {
		t.Error("onto a directory that is full")
	}
	// As Windows does.
	fsys.Inject(vfs.When(vfs.Kinds(vfs.OpRename), vfs.InjectorFunc(func(vfs.Op) error { return syscall.EACCES })))
	if err := b.Move(filepath.Join(dir, "new")); !errors.Is(err, syscall.EACCES) {
		t.Errorf("refused by the system: %v", err)
	}
	fsys.Inject(nil)
	mustAppend(t, b, 1, 100)
	closeBuffer(t, b)
	if _, err := os.Stat(filepath.Join(dir, "new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is something of the new name: %v", err)
	}
	got := map[uint64]int{}
	collect(t, home, testOptions(), got)
	if got[1] != 1 {
		t.Errorf("the record that came after: %v", got)
	}
}

// Each operation of the file system that home shows goes to the directory where
// it is now, and what is elsewhere is left alone.
func TestHomeTranslates(t *testing.T) {
	dir := t.TempDir()
	at := filepath.Join(dir, "new")
	h := &home{FS: vfs.OS{}, from: filepath.Join(dir, "old"), at: at}
	in := func(name string) string { return filepath.Join(h.from, name) }
	f := func(c io.Closer, err error) error {
		if err == nil {
			err = c.Close()
		}
		return err
	}
	file := func(v vfs.File, err error) error { return f(v, err) }
	steps := []func() error{
		func() error { return h.MkdirAll(in("sub")) },
		func() error { return file(h.Create(in("x"))) },
		func() error { return h.Rename(in("x"), in("y")) },
		func() error { return file(h.Open(in("y"))) },
		func() error { return f(h.Lock(in(lockName))) },
		func() error { return h.SyncDir(h.from) },
		func() error { _, err := h.Kind(h.from); return err },
		func() error {
			if _, err := h.Space(h.from); !errors.Is(err, vfs.ErrNotSupported) {
				return err
			}
			return nil
		},
		func() error { return h.MkdirAll(h.from + "er") },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Errorf("step %d: %v", i, err)
		}
	}
	entries := must(h.ReadDir(h.from))
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != lockName+" sub y" {
		t.Errorf("there is %q", got)
	}
	if err := h.Remove(in("y")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(h.from); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old name: %v", err)
	}
	if _, err := os.Stat(h.from + "er"); err != nil {
		t.Errorf("what is not ours: %v", err)
	}
}

// A directory that nobody has open is moved; any other, and one in whose place
// there is something, stays.
func TestMoveLeft(t *testing.T) {
	parent := t.TempDir()
	at := func(name string) string { return filepath.Join(parent, name) }
	b := open(t, at("a"), testOptions())
	mustAppend(t, b, 1, 100)
	if moved, err := MoveLeft(vfs.OS{}, at("a"), at("b")); moved || !errors.Is(err, ErrShared) {
		t.Errorf("of a live one: %v, %v", moved, err)
	}
	closeBuffer(t, b)
	if err := os.Mkdir(at("foreign"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, names := range [][2]string{{"absent", "b"}, {"foreign", "b"}, {"a", "a"}} {
		if moved, err := MoveLeft(vfs.OS{}, at(names[0]), at(names[1])); moved || err != nil {
			t.Errorf("%v: %v, %v", names, moved, err)
		}
	}
	fsys := vfs.NewFault(vfs.OS{})
	fsys.Inject(vfs.When(vfs.Kinds(vfs.OpRename), vfs.InjectorFunc(func(vfs.Op) error { return syscall.EACCES })))
	if moved, err := MoveLeft(fsys, at("a"), at("b")); moved || !errors.Is(err, syscall.EACCES) {
		t.Errorf("refused: %v, %v", moved, err)
	}
	if moved, err := MoveLeft(vfs.OS{}, at("a"), at("b")); !moved || err != nil {
		t.Errorf("%v, %v", moved, err)
	}
	got := map[uint64]int{}
	collect(t, at("b"), testOptions(), got)
	if got[1] != 1 {
		t.Errorf("came: %v", got)
	}
}
