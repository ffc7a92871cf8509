package buffer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// backlog makes a directory with n unread records and returns its segments.
func backlog(t testing.TB, dir string, o *Options, first, n uint64, size int) []string {
	t.Helper()
	b := open(t, dir, o)
	for id := first; id < first+n; id++ {
		mustAppend(t, b, id, size)
	}
	closeBuffer(t, b)
	segs, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(segs) == 0 {
		t.Fatal(segs, err)
	}
	return segs
}

func quiet() *Options {
	o := testOptions()
	o.OnError = func(error) {}
	return o
}

func write(t testing.TB, name string, p []byte) {
	t.Helper()
	if err := os.WriteFile(name, p, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestStrangeFiles is T14 (and I23, I26, I30, I32, I46, I51): pages of zeros
// and rubbish, swapped, duplicated, empty and foreign files, directories in the
// way. Later valid records are delivered, and no unknown file is removed.
func TestStrangeFiles(t *testing.T) {
	dir := t.TempDir()
	o := quiet()
	segs := backlog(t, dir, o, 0, 2000, 300)
	if len(segs) < 5 {
		t.Fatal(segs)
	}
	largest := 0
	for _, name := range segs {
		if info, err := os.Stat(name); err != nil {
			t.Fatal(err)
		} else {
			largest = max(largest, int(info.Size()))
		}
	}
	other := backlog(t, t.TempDir(), quiet(), 50_000, 10, 300)[0]
	foreign, _ := os.ReadFile(other)
	damage := func(name string, off int, p []byte) {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt(p, int64(off)); err != nil {
			t.Fatal(err)
		}
	}
	damage(segs[0], 3*4096, make([]byte, 4096))
	damage(segs[1], 2*4096, bytes.Repeat([]byte{0xa5}, 4096))
	damage(segs[2], 0, make([]byte, 4096)) // both headers: the segment is lost
	// Two files change names.
	a, b := segs[3], segs[4]
	for _, mv := range [][2]string{{a, a + "x"}, {b, a}, {a + "x", b}} {
		if err := os.Rename(mv[0], mv[1]); err != nil {
			t.Fatal(err)
		}
	}
	copyOf, _ := os.ReadFile(segs[1])
	keep := map[string][]byte{
		"notes.txt":                     []byte("mine"),
		"00000000000000f0-12345678.seg": foreign,
		"00000000000000f1-12345678.seg": copyOf,
		"ffffffffffffffff-12345678.seg": []byte("no seq of ours"),
		"zz.seg":                        nil,
	}
	for name, p := range keep {
		write(t, filepath.Join(dir, name), p)
	}
	write(t, filepath.Join(dir, "00000000000000f2-12345678.seg"), nil)
	if err := os.Mkdir(filepath.Join(dir, "00000000000000f3-12345678.seg"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "00000000000000f4-12345678.seg")); err != nil {
		t.Fatal(err)
	}
	got := map[uint64]int{}
	s := collect(t, dir, o, got)
	// One segment is lost, and pages of two. How large they are is the pace's
	// matter, and the machine's.
	if len(got) < 2000-largest/int(strideOf(300))-40 {
		t.Fatalf("%d of 2000, %d segments: %+v", len(got), len(segs), s)
	}
	for id, n := range got {
		if id >= 2000 || n > 1 {
			t.Fatalf("record %d %d times", id, n)
		}
	}
	if s.Quarantined != 2 || s.Corrupt == 0 {
		t.Fatalf("%+v", s)
	}
	for name, p := range keep {
		now, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(now, p) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "00000000000000f4-12345678.seg")); err != nil {
		t.Error(err)
	}
	// And again: nothing is looked at twice, nothing is lost.
	b2 := open(t, dir, o)
	mustAppend(t, b2, 7, 100)
	drain(t, b2, 1)
	closeBuffer(t, b2)
}

// TestCursor is T7 (and I33, I36, I42, I44): whatever happens to the cursor,
// nothing is lost; with one good slot only what came since the other comes
// twice.
func TestCursor(t *testing.T) {
	otherDir := t.TempDir()
	backlog(t, otherDir, quiet(), 0, 5, 100)
	foreign, _ := os.ReadFile(filepath.Join(otherDir, "cursor"))
	flip := func(p []byte, at int) []byte { p = slices.Clone(p); p[at] ^= 1; return p }
	const n, acked = 300, 200
	for name, c := range map[string]struct {
		change func(p []byte, newest, oldest int) []byte
		twice  int
	}{
		"untouched":   {func(p []byte, _, _ int) []byte { return p }, 0},
		"newest torn": {func(p []byte, n, _ int) []byte { return flip(p, n+60) }, 100},
		"oldest torn": {func(p []byte, _, o int) []byte { return flip(p, o+60) }, 0},
		"both torn":   {func(p []byte, n, o int) []byte { return flip(flip(p, n+60), o+60) }, acked},
		"empty":       {func([]byte, int, int) []byte { return nil }, acked},
		"zeros":       {func(p []byte, _, _ int) []byte { return make([]byte, len(p)) }, acked},
		"missing":     {nil, acked},
		"foreign":     {func([]byte, int, int) []byte { return foreign }, acked},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			o := quiet()
			o.MinSegment = 256 << 10 // one segment: nothing acknowledged is removed
			b := open(t, dir, o)
			for id := range uint64(n) {
				mustAppend(t, b, id, 100)
			}
			var ch Chunk
			b.Next(&ch, acked/2, 1<<20)
			b.Ack(ch.Entries[acked/2-1].Mark)
			b.Next(&ch, acked/2, 1<<20)
			b.Ack(ch.Entries[acked-1].Mark)
			// A kill: the files as they are now.
			killed := snapshot(t, dir)
			closeBuffer(t, b)
			file := filepath.Join(killed, "cursor")
			p, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			newest, oldest := 0, slotAt
			x, _ := parseCursor(p[:slotUsed])
			y, _ := parseCursor(p[slotAt:])
			if y.gen > x.gen {
				newest, oldest = oldest, newest
			}
			if c.change == nil {
				_ = os.Remove(file)
			} else {
				write(t, file, c.change(p, newest, oldest))
			}
			got := map[uint64]int{}
			collect(t, killed, o, got)
			for id := range uint64(n) {
				if got[id] == 0 && id >= acked {
					t.Fatalf("record %d lost", id)
				}
			}
			if len(got) > n-acked+c.twice {
				t.Fatalf("%d records, %d of them acknowledged before", len(got), len(got)-(n-acked))
			}
		})
	}
}

// snapshot copies the files of a directory as a kill would leave them.
func snapshot(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if p, err := os.ReadFile(filepath.Join(dir, e.Name())); err == nil && !e.IsDir() {
			write(t, filepath.Join(to, e.Name()), p)
		}
	}
	return to
}

// TestMissingSegments is T8 (and I2, I6): files missing between cursor and
// head, before the cursor, or all of them.
func TestMissingSegments(t *testing.T) {
	for i, missing := range [][]int{{0}, {1}, {0, 1, 2}} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dir := t.TempDir()
			segs := backlog(t, dir, quiet(), 0, 1500, 300)
			for _, m := range missing {
				_ = os.Remove(segs[m])
			}
			got := map[uint64]int{}
			s := collect(t, dir, quiet(), got)
			if want := uint64(len(got)); s.Recovered != want || s.Corrupt != 0 || want == 0 {
				t.Fatalf("%d delivered: %+v", want, s)
			}
		})
	}
}

// TestNewerVersion is T16: files of a newer version stay byte for byte, and
// new records are taken and survive.
func TestNewerVersion(t *testing.T) {
	dir := t.TempDir()
	segs := backlog(t, dir, quiet(), 0, 100, 100)
	p, _ := os.ReadFile(segs[0])
	for _, at := range []int{0, headerCopy} {
		p[at+8], p[at+10] = 9, 9 // format and min reader; the sum no longer fits, as is likely
	}
	write(t, segs[0], p)
	c, _ := os.ReadFile(filepath.Join(dir, "cursor"))
	for _, at := range []int{0, slotAt} {
		if c[at] != 0 {
			c[at+8], c[at+10] = 9, 9
		}
	}
	write(t, filepath.Join(dir, "cursor"), c)
	for range 2 {
		b := open(t, dir, quiet())
		mustAppend(t, b, 1, 100)
		closeBuffer(t, b)
	}
	got := map[uint64]int{}
	collect(t, dir, quiet(), got)
	if got[1] != 2 || len(got) != 1 {
		t.Fatal(got)
	}
	now, _ := os.ReadFile(segs[0])
	curs, _ := os.ReadFile(filepath.Join(dir, "cursor"))
	if !bytes.Equal(now, p) || !bytes.Equal(curs, c) {
		t.Fatal("a newer file was changed")
	}
}

// TestNoGhosts is T6: what another segment, or an earlier life of the same
// place, has left in a file is never taken for a record.
func TestNoGhosts(t *testing.T) {
	rounds := 200
	if nightly() {
		rounds = 10_000
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 3))
	old := testSegment(1, 64<<10)
	oldBytes, _ := fillSegment(old, rng, 0, 100)
	for range rounds {
		s := testSegment(1, 64<<10)
		mem, ids := fillSegment(s, rng, 1000, 1000+rng.Uint64N(60))
		for at := headerSize; at < len(mem); at += 512 { // sectors of the old life shine through
			if rng.IntN(3) == 0 {
				copy(mem[at:at+512], oldBytes[at:at+512])
			}
		}
		w := window{buf: mem, size: s.size}
		s.each(&w, headerSize, func(f *found) {
			if !ids[f.at] {
				t.Fatalf("seed %d: ghost at %d", seed, f.at)
			}
		})
	}
}

// testSegment makes a heap segment outside a buffer.
func testSegment(seq uint64, size uint64) *segment {
	s := &segment{log: newHeapLog(), seq: seq, size: size, mem: make([]byte, size), live: true}
	s.setEpoch(newEpoch())
	s.tail.Store(headerSize)
	s.walk.off = headerSize
	return s
}

// fillSegment appends records and returns the bytes and the offsets.
func fillSegment(s *segment, rng *rand.Rand, from, to uint64) ([]byte, map[uint64]bool) {
	ids := map[uint64]bool{}
	for id := from; id < to; id++ {
		r := record(id, 16+rng.IntN(600))
		off, _, ok, _ := s.claim(strideOf(len(r.Payload)))
		if !ok {
			break
		}
		s.fill(off, &r, typeData)
		ids[off] = true
	}
	return s.mem, ids
}

// TestHoles: a claim that was never committed hides nothing behind it, in any
// state that a kill can leave it in (finding 0.1).
func TestHoles(t *testing.T) {
	s := testSegment(5, 64<<10)
	rng := rand.New(rand.NewPCG(1, 1))
	want := 0
	for id := range uint64(60) {
		r := record(id, 16+rng.IntN(600))
		off, _, ok, _ := s.claim(strideOf(len(r.Payload)))
		if !ok {
			t.Fatal("full")
		}
		switch id % 6 {
		case 0: // nothing yet
		case 1:
			storeLength(s.mem, off, -int32(frameSize+len(r.Payload)))
		case 2: // all but the commit
			s.fill(off, &r, typeData)
			storeLength(s.mem, off, -int32(frameSize+len(r.Payload)))
		default:
			s.fill(off, &r, typeData)
			want++
		}
	}
	w := window{buf: s.mem, size: s.size}
	got, off := 0, uint64(headerSize)
	for {
		f, ok := s.nextFrame(&w, off, s.size)
		if f.bad {
			t.Fatalf("a hole counts as damage at %d", off)
		}
		if !ok {
			break
		}
		got++
		off = f.at + f.stride()
	}
	if got != want {
		t.Fatalf("%d of %d", got, want)
	}
}
