package buffer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// within runs try until it took at most limit in three runs; it fails if ten
// were not enough. A single run can be late on a machine that others keep busy,
// and a wider limit would hide what always comes late.
func within(t *testing.T, limit time.Duration, try func(t *testing.T) time.Duration) {
	t.Helper()
	var took []time.Duration
	good := 0
	for good < 3 && len(took) < 10 {
		d := try(t)
		took = append(took, d.Round(time.Microsecond))
		if d <= limit {
			good++
		}
	}
	t.Logf("took %v", took)
	if good < 3 {
		t.Errorf("%d of %d runs within %v: %v", good, len(took), limit, took)
	}
}

// trickle appends a record every few milliseconds until there is what is looked
// for, and returns how long that took and the next id.
func trickle(t *testing.T, b *Buffer, id uint64, there func() bool) (time.Duration, uint64) {
	t.Helper()
	start := time.Now()
	ticker := time.NewTicker(3 * time.Millisecond)
	defer ticker.Stop()
	for !there() {
		if time.Since(start) > 5*time.Second {
			t.Fatal("no new segment")
		}
		if _, err := b.Append(context.Background(), record(id, 300)); err == nil {
			id++
		}
		<-ticker.C
	}
	return time.Since(start), id
}

// TestDirectoryRemoved is T20: somebody removes the directory, or the active
// segment's name, while records come in. 100 ms later there is a new segment
// under its name and the directory is locked again; all records are delivered,
// for those that were in the old file are written again out of its mapping.
func TestDirectoryRemoved(t *testing.T) {
	for name, remove := range map[string]func(dir string, b *Buffer) error{
		"directory": func(dir string, _ *Buffer) error {
			for os.RemoveAll(dir) != nil { // a segment may just be made
			}
			return nil
		},
		"segments": func(dir string, _ *Buffer) error {
			for _, seg := range must(filepath.Glob(filepath.Join(dir, "*"+segSuffix))) {
				_ = os.Remove(seg)
			}
			return nil
		},
		"active": func(_ string, b *Buffer) error { return os.Remove(b.active.Load().name) },
	} {
		for _, reads := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/reads %v", name, reads), func(t *testing.T) {
				within(t, 100*time.Millisecond, func(t *testing.T) time.Duration { return removeOnce(t, remove, reads) })
			})
		}
	}
}

func removeOnce(t *testing.T, remove func(string, *Buffer) error, reads bool) time.Duration {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "buf")
	b := open(t, dir, quiet())
	id := uint64(0)
	for range 500 {
		mustAppend(t, b, id, 300)
		id++
	}
	got := uint64(0)
	var c Chunk
	before := b.active.Load()
	if err := remove(dir, b); err != nil {
		t.Fatal(err)
	}
	took, id := trickle(t, b, id, func() bool {
		for reads && b.Next(&c, 100, 1<<20) > 0 {
			got += uint64(len(c.Entries))
			b.Ack(c.Entries[len(c.Entries)-1].Mark)
			c.Reset()
		}
		s := b.active.Load()
		if s == nil || s == before {
			return false
		}
		_, err := os.Stat(s.name)
		return err == nil
	})
	if l, err := (vfs.OS{}).Lock(filepath.Join(dir, lockName)); err == nil {
		_ = l.Close()
		t.Error("the new directory is not locked")
	}
	drainAll(t, b, func(Entry) { got++ })
	s := b.Stats()
	checkSum(t, s)
	if got+s.Lost != id || s.Appended != id {
		t.Fatalf("%d appended, %d delivered: %+v", id, got, s)
	}
	closeBuffer(t, b)
	return took
}

// TestTruncated is T20 (and I57): somebody truncates the active segment. Stores
// into it fault; the process lives, the record goes to another segment at once,
// and what was cut off is counted to the record.
func TestTruncated(t *testing.T) {
	for _, keep := range []int{0, 1, 50} {
		t.Run(fmt.Sprint(keep), func(t *testing.T) {
			within(t, 100*time.Millisecond, func(t *testing.T) time.Duration { return truncateOnce(t, keep) })
		})
	}
}

func truncateOnce(t *testing.T, keep int) time.Duration {
	t.Helper()
	b := open(t, t.TempDir(), quiet())
	id := uint64(0)
	for range 100 {
		mustAppend(t, b, id, 300)
		id++
	}
	before := b.active.Load()
	if err := os.Truncate(before.name, int64(keep*352+min(keep, 1)*headerSize)); err != nil {
		t.Fatal(err)
	}
	took, id := trickle(t, b, id, func() bool { s := b.active.Load(); return s != nil && s != before })
	for range 1000 {
		mustAppend(t, b, id, 300)
		id++
	}
	delivered := map[uint64]int{}
	drainAll(t, b, func(e Entry) { delivered[idOf(e)]++ })
	st := b.Stats()
	checkSum(t, st)
	// A page that is cut in the middle keeps what was stored behind the cut.
	if n := uint64(len(delivered)); st.Appended != id || n+st.Lost != id || st.Lost == 0 || st.Lost > 100 {
		t.Fatalf("%d appended, %d delivered: %+v", id, n, st)
	}
	for id, n := range delivered {
		if n != 1 {
			t.Fatalf("record %d %d times", id, n)
		}
	}
	if st.Dropped.Total() != st.Lost {
		t.Fatalf("%+v", st)
	}
	closeBuffer(t, b)
	return took
}
