package buffer

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// TestCloseAwaitsClaims: Close waits for an append that holds a claim exactly
// until it commits, and for one that never does (its thread was stopped) a
// second and no longer; then the segment stays mapped, for it may yet store.
func TestCloseAwaitsClaims(t *testing.T) {
	const late = 300 * time.Millisecond
	for name, c := range map[string]struct {
		end  func(b *Buffer, s *segment, off uint64, r *Record)
		took time.Duration
		left uint64
	}{
		"commits": {func(b *Buffer, s *segment, off uint64, r *Record) {
			s.fill(off, r, typeData)
			b.wake() // as at the end of place
		}, late, 2},
		"faults": {func(b *Buffer, s *segment, off uint64, r *Record) {
			done := false
			s.guard(off, strideOf(len(r.Payload)), false, &done)
			b.kick() // as in place
		}, late, 1},
		"never": {func(*Buffer, *segment, uint64, *Record) {}, finishWait, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := vfs.NewCrash(1)
				b := openOn(t, disk, "/buf", quiet())
				mustAppend(t, b, 1, 100)
				s := b.active.Load()
				r := record(2, 100)
				off, _, ok, _ := s.claim(strideOf(len(r.Payload)))
				if !ok {
					t.Fatal("no room")
				}
				time.AfterFunc(late, func() { c.end(b, s, off, &r) })
				start := time.Now()
				closeBuffer(t, b)
				if took := time.Since(start); took != c.took {
					t.Errorf("closed after %v, want %v", took, c.took)
				}
				if mapped := s.mapping != nil; mapped != (name == "never") {
					t.Errorf("still mapped: %v", mapped)
				}
				again := openOn(t, disk, "/buf", quiet())
				got := uint64(0)
				drainAll(t, again, func(Entry) { got++ })
				if got != c.left {
					t.Errorf("%d records, want %d", got, c.left)
				}
				closeBuffer(t, again)
			})
		})
	}
}
