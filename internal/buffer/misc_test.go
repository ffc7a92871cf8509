package buffer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// TestAppendAllocs: the hot path allocates nothing.
func TestAppendAllocs(t *testing.T) {
	for _, m := range []Mode{Mapped, Heap} {
		o := testOptions()
		o.Mode, o.MinSegment, o.MaxSegment = m, 16<<20, 16<<20
		b := open(t, t.TempDir(), o)
		r := record(1, 256)
		mustAppend(t, b, 1, 256)
		ctx := context.Background()
		if n := testing.AllocsPerRun(1000, func() { _, _ = b.Append(ctx, r) }); n != 0 {
			t.Errorf("mode %d: %v allocations", m, n)
		}
		closeBuffer(t, b)
	}
}

// TestWakeUp is T39 (and I7): one record after idle, many times; each arrives
// soon, and without polling.
func TestWakeUp(t *testing.T) {
	rounds := 3000
	if nightly() {
		rounds = 100_000
	}
	b := open(t, "", &Options{Mode: Heap, NewID: newID(), StallTimeout: time.Minute})
	got := make(chan uint64)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		var c Chunk
		for {
			if b.Next(&c, 10, 1<<20) == 0 {
				if b.Arm() {
					select {
					case <-b.Ready():
					case <-done:
						return
					}
				}
				continue
			}
			b.Ack(c.Entries[len(c.Entries)-1].Mark)
			for _, e := range c.Entries {
				got <- idOf(e)
			}
			c.Reset()
		}
	})
	for id := range uint64(rounds) {
		mustAppend(t, b, id, 40)
		select {
		case g := <-got:
			if g != id {
				t.Fatalf("%d after %d", g, id)
			}
		case <-time.After(time.Minute):
			t.Fatalf("record %d: the wake-up was lost: %+v", id, b.Stats())
		}
		if id%3 == 0 {
			runtime.Gosched()
		}
	}
	close(done)
	wg.Wait()
	closeBuffer(t, b)
}

// TestConcurrent is T42 and the buffer's part of T36: producers, consumer,
// statistics and the end of it all at once; order per producer holds and the
// sums are right at every look.
func TestConcurrent(t *testing.T) {
	eachMode(t, func(t *testing.T, m Mode) {
		o := testOptions()
		o.Mode = m
		b := open(t, t.TempDir(), o)
		const producers, each = 8, 3000
		var wg sync.WaitGroup
		var accepted, refused atomic.Uint64
		for p := range uint64(producers) {
			wg.Go(func() {
				for i := range uint64(each) {
					_, err := b.Append(context.Background(), record(p<<32|i, 16+int(i%300)))
					switch {
					case err == nil:
						accepted.Add(1)
					case errors.Is(err, ErrClosed):
						refused.Add(1)
					default:
						t.Error(err)
					}
				}
			})
		}
		stop := make(chan struct{})
		var looks sync.WaitGroup
		looks.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					checkSum(t, b.Stats())
					_ = b.Acked() > b.Tail()
					runtime.Gosched()
				}
			}
		})
		var last [producers]int64
		for p := range last {
			last[p] = -1
		}
		n := 0
		visit := func(e Entry) {
			id := idOf(e)
			if i := int64(id & 0xffffffff); i <= last[id>>32] {
				t.Errorf("producer %d: %d after %d", id>>32, i, last[id>>32])
			} else {
				last[id>>32] = i
			}
			n++
			if n == producers*each/2 {
				b.Stop()
			}
		}
		drainUntil(t, b, visit, func() bool { return n >= producers*each/2 })
		wg.Wait()
		drainAll(t, b, visit)
		close(stop)
		looks.Wait()
		s := b.Stats()
		if s.Appended != accepted.Load() || s.Dropped.Total() != refused.Load() || n != int(s.Appended) {
			t.Fatalf("%d accepted, %d refused, %d read: %+v", accepted.Load(), refused.Load(), n, s)
		}
		closeBuffer(t, b)
	})
}

// drainUntil reads and acknowledges until enough says so.
func drainUntil(t testing.TB, b *Buffer, visit func(Entry), enough func() bool) {
	t.Helper()
	var c Chunk
	for !enough() {
		c.Reset()
		next(t, b, &c, 100)
		for _, e := range c.Entries {
			checkEntry(t, e)
			visit(e)
		}
		b.Ack(c.Entries[len(c.Entries)-1].Mark)
	}
}

// TestOpenClose is T37: no goroutine and no file stays behind.
func TestOpenClose(t *testing.T) {
	rounds := 200
	if nightly() {
		rounds = 1000
	}
	dir := t.TempDir()
	once := func(i int) {
		b := open(t, dir, nil)
		if i%2 == 0 {
			mustAppend(t, b, uint64(i), 100)
			drain(t, b, 1)
		}
		closeBuffer(t, b)
		closeBuffer(t, b) // twice is once
	}
	once(0)
	g, f := runtime.NumGoroutine(), openFiles()
	for i := range rounds {
		once(i)
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > g && time.Now().Before(deadline); {
		runtime.Gosched() // joined, but not yet gone
	}
	if now := runtime.NumGoroutine(); now > g {
		t.Errorf("%d goroutines, %d before", now, g)
	}
	if now := openFiles(); now > f {
		t.Errorf("%d open files, %d before", now, f)
	}
}

func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// TestAfterClose: every method may be called after Close.
func TestAfterClose(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	mustAppend(t, b, 1, 100)
	closeBuffer(t, b)
	if _, err := b.Append(context.Background(), record(1, 100)); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	if err := b.WaitAcked(context.Background(), b.Tail()); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	b.Stop()
	s := b.Stats()
	if s.Dropped[Closed][1] != 1 || s.Refused != 1 {
		t.Fatalf("%+v", s)
	}
}

// TestOptionsChecked: each field out of range is an error.
func TestOptionsChecked(t *testing.T) {
	id := newID()
	for i, o := range []*Options{
		nil, {}, {NewID: id, Mode: 3}, {NewID: id, Durability: 3}, {NewID: id, WhenFull: 3}, {NewID: id, MaxBytes: 1},
		{NewID: id, Keep: 8}, {NewID: id, MinSegment: 1}, {NewID: id, MinSegment: 1 << 20, MaxSegment: 1 << 19},
		{NewID: id, MaxRecord: 15}, {NewID: id, Meta: make([]byte, maxMeta+1)}, {NewID: id, Shed: [Levels]float64{2}},
		{NewID: id, SyncEvery: -1}, {NewID: id, StallTimeout: -1}, {NewID: id, BlockTimeout: -1},
	} {
		if b, err := Open(nil, "", o); err == nil {
			t.Errorf("case %d: accepted", i)
			_ = b.Close()
		}
	}
}

// TestS19_Modes is S19 and S20's part here: directories 0700, files 0600, a
// symbolic link in the way is not followed.
func TestS19_Modes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	dir := filepath.Join(t.TempDir(), "buf")
	b := open(t, dir, nil)
	mustAppend(t, b, 1, 100)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a segment that was made ahead has got its name meanwhile
		}
		if err != nil {
			return err
		}
		i, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if i.Mode().Perm() != want {
			t.Errorf("%s: %v", path, i.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	closeBuffer(t, b)
	target := filepath.Join(t.TempDir(), "target")
	write(t, target, []byte("theirs"))
	for _, name := range []string{"cursor"} {
		_ = os.Remove(filepath.Join(dir, name))
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	b = open(t, dir, quiet())
	mustAppend(t, b, 2, 100)
	drain(t, b, 2)
	closeBuffer(t, b)
	if p, _ := os.ReadFile(target); string(p) != "theirs" {
		t.Fatal("a symbolic link was followed")
	}
}

// TestBudget: two buffers share a cap, and give it back.
func TestBudget(t *testing.T) {
	budget := NewBudget(2 << 20)
	open2 := func() (*Buffer, *Buffer) {
		o := quiet()
		o.Budget, o.Mode = budget, Heap
		p := *o
		return open(t, "", o), open(t, "", &p)
	}
	a, b := open2()
	for id := range uint64(20_000) {
		_, _ = a.Append(context.Background(), record(id, 300))
		_, _ = b.Append(context.Background(), record(id, 300))
		if u := budget.Used(); u > budget.Max() {
			t.Fatal(u)
		}
	}
	checkSum(t, a.Stats())
	checkSum(t, b.Stats())
	if a.Stats().Records == 0 || b.Stats().Records == 0 {
		t.Fatalf("one has it all: %+v\n%+v", a.Stats(), b.Stats())
	}
	closeBuffer(t, a)
	closeBuffer(t, b)
	if u := budget.Used(); u != 0 {
		t.Fatalf("%d bytes never came back", u)
	}
}

// TestNetworkVolume: no mapping there, and no adopting.
func TestNetworkVolume(t *testing.T) {
	crash := vfs.NewCrash(1)
	crash.SetKind(vfs.Network)
	b := openOn(t, crash, "/buf", testOptions())
	if b.opt.Mode != Written || !b.network {
		t.Fatal("mapped")
	}
	mustAppend(t, b, 1, 100)
	drain(t, b, 1)
	closeBuffer(t, b)
}

// TestClock is T22: record times of any kind change neither order nor sums.
func TestClock(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	times := []int64{1 << 62, -1 << 62, 0, 5, -5, time.Now().UnixNano()}
	for i := range 600 {
		r := record(uint64(i), 100)
		r.Time = times[i%len(times)]
		if _, err := b.Append(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	var c Chunk
	n := 0
	for n < 600 {
		c.Reset()
		next(t, b, &c, 100)
		for _, e := range c.Entries {
			if idOf(e) != uint64(n) || e.Time != times[n%len(times)] {
				t.Fatalf("entry %d is %d", n, idOf(e))
			}
			n++
		}
		b.Ack(c.Entries[len(c.Entries)-1].Mark)
	}
	closeBuffer(t, b)
}
