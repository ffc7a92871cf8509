package buffer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// diskOf adds up the segment files under dir.
func diskOf(t testing.TB, dir string) (n int64) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if _, _, _, ok := parseName(d.Name()); ok {
			if i, err := d.Info(); err == nil {
				n += i.Size()
			}
		}
		return nil
	})
	return n
}

// TestDropOldest is T24: overload far above the cap; the disk stays below cap
// and one segment, and drops are counted exactly, by level.
func TestDropOldest(t *testing.T) {
	for _, keep := range []uint8{0, 5} {
		eachMode(t, func(t *testing.T, m Mode) {
			dir := t.TempDir()
			o := testOptions()
			o.Mode, o.MaxBytes, o.Keep = m, 2<<20, keep
			b := open(t, dir, o)
			n := uint64(share(60_000, 30_000))
			var want [Levels]uint64
			for i := range n {
				mustAppend(t, b, i, 200)
				want[i%Levels]++
				if i%2000 == 0 && m != Heap {
					if d := diskOf(t, dir); d > o.MaxBytes+256<<10 {
						t.Fatalf("%d bytes on disk at record %d", d, i)
					}
				}
			}
			var got [Levels]uint64
			drainAll(t, b, func(e Entry) { got[e.Level]++ })
			s := b.Stats()
			checkSum(t, s)
			if s.Records != 0 || s.Appended != n || s.Lost == 0 {
				t.Fatalf("%+v", s)
			}
			for l := range want {
				if want[l] != got[l]+s.Dropped[QueueOverflow][l] {
					t.Fatalf("level %d: %d appended, %d read, %d dropped", l, want[l], got[l], s.Dropped[QueueOverflow][l])
				}
			}
			if keep > 0 && 2*(got[5]+got[6]) < 3*(got[0]+got[1]) {
				t.Fatalf("kept by level: %v", got)
			}
			loss, ok := b.Loss()
			if !ok || loss.Counts != s.Dropped || loss.ID == [16]byte{} {
				t.Fatalf("loss %+v", loss)
			}
			closeBuffer(t, b)
		})
	}
}

// TestDropNewest is T24 for the other policies.
func TestDropNewest(t *testing.T) {
	for _, when := range []WhenFull{DropNewest, Block} {
		o := testOptions()
		o.MaxBytes, o.WhenFull, o.BlockTimeout = 1<<20, when, 20*time.Millisecond
		b := open(t, t.TempDir(), o)
		accepted, refused := uint64(0), uint64(0)
		for i := range uint64(20_000) {
			_, err := b.Append(context.Background(), record(i, 200))
			switch {
			case err == nil:
				accepted++
			case errors.Is(err, ErrFull):
				refused++
			default:
				t.Fatal(err)
			}
			if refused > 3 && when == Block {
				break
			}
		}
		if refused == 0 {
			t.Fatal("nothing refused")
		}
		s := b.Stats()
		checkSum(t, s)
		if s.Appended != accepted || s.Refused != refused || s.Lost != 0 || s.Dropped.Total() != refused {
			t.Fatalf("%d accepted, %d refused: %+v", accepted, refused, s)
		}
		ids := drain(t, b, int(accepted))
		for i, id := range ids {
			if id != uint64(i) {
				t.Fatalf("entry %d is record %d", i, id)
			}
		}
		// There is room again.
		deadline := time.Now().Add(5 * time.Second)
		for {
			if _, err := b.Append(context.Background(), record(1, 200)); err == nil {
				break
			} else if time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
		closeBuffer(t, b)
	}
}

// TestBlockCtx: Block ends with the caller's context.
func TestBlockCtx(t *testing.T) {
	o := testOptions()
	o.MaxBytes, o.WhenFull, o.BlockTimeout = 1<<20, Block, time.Hour
	b := open(t, t.TempDir(), o)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	for i := uint64(0); ; i++ {
		if _, err := b.Append(ctx, record(i, 200)); err != nil {
			if !errors.Is(err, ErrFull) {
				t.Fatal(err)
			}
			break
		}
	}
	checkSum(t, b.Stats())
	closeBuffer(t, b)
}

// TestShed: low levels are refused first.
func TestShed(t *testing.T) {
	o := testOptions()
	o.MaxBytes = 2 << 20
	o.Shed = [Levels]float64{0: 0.5, 1: 0.5}
	b := open(t, t.TempDir(), o)
	for i := range uint64(30_000) {
		_, err := b.Append(context.Background(), record(i, 200))
		if err != nil && (!errors.Is(err, ErrFull) || i%Levels > 1) {
			t.Fatalf("level %d: %v", i%Levels, err)
		}
	}
	s := b.Stats()
	checkSum(t, s)
	if s.Refused == 0 || s.Dropped[QueueOverflow][0] == 0 {
		t.Fatalf("%+v", s)
	}
	closeBuffer(t, b)
}

// TestDropRead: what the worker holds stays its own when its segments go, and
// is lost if it gives it back.
func TestDropRead(t *testing.T) {
	for _, rewind := range []bool{false, true} {
		o := testOptions()
		o.MaxBytes = 1 << 20
		b := open(t, t.TempDir(), o)
		var c Chunk
		held := 0
		id := uint64(0)
		// Read all, acknowledge nothing, so that every segment is begun.
		for range 30_000 {
			mustAppend(t, b, id, 200)
			id++
			if id%100 == 0 {
				held += b.Next(&c, 1000, 1<<30)
			}
		}
		for b.Next(&c, 1000, 1<<30) > 0 {
		}
		if len(c.Entries) == 0 {
			t.Fatal("nothing read")
		}
		if rewind {
			b.Rewind(Mark{})
			read := len(c.Entries)
			c.Reset()
			for b.Next(&c, 1000, 1<<30) > 0 {
			}
			if len(c.Entries) >= read {
				t.Fatal("nothing was removed")
			}
		}
		b.Ack(c.Entries[len(c.Entries)-1].Mark)
		s := b.Stats()
		checkSum(t, s)
		if s.Acked != uint64(len(c.Entries)) || s.Records != 0 || s.Lost != id-s.Acked {
			t.Fatalf("rewind %v, %d held: %+v", rewind, len(c.Entries), s)
		}
		if err := b.WaitAcked(context.Background(), b.Tail()); err != nil {
			t.Fatal(err)
		}
		closeBuffer(t, b)
	}
}

// TestLossKept: a report keeps its ID over restarts until it is reported, and
// what is lost meanwhile gathers for the next.
func TestLossKept(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	b.Lose(TooOld, 3, [16]byte{1}, 0)
	first, ok := b.Loss()
	if !ok || first.Counts[TooOld][3] != 1 {
		t.Fatalf("%+v", first)
	}
	b.Lose(Refused, 4, [16]byte{2}, 0)
	closeBuffer(t, b)
	b = open(t, dir, nil)
	again, ok := b.Loss()
	if !ok || again != first {
		t.Fatalf("%+v, then %+v", first, again)
	}
	b.Reported(first.ID)
	second, ok := b.Loss()
	if !ok || second.Counts[Refused][4] != 1 || second.Counts.Total() != 1 || second.First != [16]byte{2} {
		t.Fatalf("%+v", second)
	}
	b.Reported(second.ID)
	closeBuffer(t, b)
	b = open(t, dir, nil)
	if l, ok := b.Loss(); ok {
		t.Fatalf("reported and still there: %+v", l)
	}
	closeBuffer(t, b)
}

// TestNothingLeft is T3's last part: after drain and Close no segment is left.
func TestNothingLeft(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	for i := range uint64(5000) {
		mustAppend(t, b, i, 300)
	}
	drain(t, b, 5000)
	closeBuffer(t, b)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != lockName && e.Name() != "cursor" {
			t.Errorf("left over: %s", e.Name())
		}
	}
}

// TestTooLarge is T25: sizes out of bounds are refused and counted; a record
// larger than a segment gets one of its size.
func TestTooLarge(t *testing.T) {
	eachMode(t, func(t *testing.T, m Mode) {
		o := testOptions()
		o.Mode = m
		b := open(t, t.TempDir(), o)
		for _, size := range []int{100, 60 << 10, 1 << 20, 16, 300 << 10, 1 << 20} {
			mustAppend(t, b, uint64(size), size)
		}
		for _, p := range [][]byte{nil, make([]byte, 15), make([]byte, 1<<20+1)} {
			if _, err := b.Append(context.Background(), Record{Payload: p, Sum: Sum(p)}); !errors.Is(err, ErrTooLarge) {
				t.Fatalf("%d bytes: %v", len(p), err)
			}
		}
		if ids := drain(t, b, 6); ids[2] != 1<<20 || ids[5] != 1<<20 {
			t.Fatal(ids)
		}
		s := b.Stats()
		checkSum(t, s)
		if s.Refused != 3 || s.Dropped[Refused][0] != 3 {
			t.Fatalf("%+v", s)
		}
		closeBuffer(t, b)
	})
}

// TestLossWakes: a loss wakes a sleeping consumer, so that it is reported also
// when nothing else comes.
func TestLossWakes(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	if !b.Arm() {
		t.Fatal("something to read in an empty buffer")
	}
	if _, err := b.Append(context.Background(), Record{Payload: make([]byte, 3)}); !errors.Is(err, ErrTooLarge) {
		t.Fatal(err)
	}
	select {
	case <-b.Ready():
	case <-time.After(time.Minute):
		t.Fatal("the loss woke nobody")
	}
	b.Lose(TooOld, 1, [16]byte{1}, 0)
	if b.Arm() {
		t.Fatal("armed over a loss that nobody has looked at")
	}
	if l, ok := b.Loss(); !ok || l.Counts.Total() != 2 {
		t.Fatalf("%+v", l)
	}
	closeBuffer(t, b)
}
