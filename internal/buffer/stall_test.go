package buffer

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// stallResult is what the producers of a stalled disk saw.
type stallResult struct {
	mu       sync.Mutex
	accepted map[uint64]bool
	refused  uint64
	longest  time.Duration
	waited   int // calls that took any time at all
}

func (r *stallResult) note(t *testing.T, id uint64, took time.Duration, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil, errors.Is(err, ErrNotDurable): // in the buffer, but not yet safe
		r.accepted[id] = true
	case errors.Is(err, ErrStalled), errors.Is(err, ErrFull): // full: what waits for a sync is not dropped
		r.refused++
	default:
		t.Errorf("record %d: %v", id, err)
	}
	r.longest = max(r.longest, took)
	if took > 0 {
		r.waited++
	}
}

// produce appends each records per producer, one every four milliseconds, and
// measures each call.
func (r *stallResult) produce(t *testing.T, b *Buffer, producers, each uint64) {
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for i := range each {
				id := p<<32 | i
				start := time.Now()
				_, err := b.Append(context.Background(), record(id, 1000))
				r.note(t, id, time.Since(start), err)
				time.Sleep(4 * time.Millisecond)
			}
		})
	}
	wg.Wait()
}

// TestStall is T21 (and I5): the disk stalls for ten seconds. No call takes
// longer than StallTimeout and a millisecond, what was accepted is delivered,
// what was not is counted, and nobody hangs when the disk is back.
//
// It runs under a clock of its own, which stands still while anything works:
// the times are exact however busy the machine is. A goroutine that waited for
// a lock which the stalled one holds would stop that clock, and the test.
func TestStall(t *testing.T) {
	const stallTimeout = 10 * time.Millisecond
	for name, c := range map[string]struct {
		stalls func(vfs.Op) bool
		mode   Mode
		keeps  Durability
	}{
		"writes":          {vfs.Writes, Mapped, Process},
		"creates":         {vfs.Kinds(vfs.OpCreate), Mapped, Process},
		"removes":         {vfs.Kinds(vfs.OpRemove), Mapped, Process},
		"all":             {func(vfs.Op) bool { return true }, Mapped, Process},
		"syncs, interval": {vfs.Kinds(vfs.OpSync, vfs.OpSyncDir), Mapped, Interval},
		"all, interval":   {func(vfs.Op) bool { return true }, Mapped, Interval},
		"writes, written": {vfs.Writes, Written, Process},
		"all, written":    {func(vfs.Op) bool { return true }, Written, Process},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := vfs.NewStall(c.stalls)
				fsys := vfs.NewFault(vfs.NewCrash(1))
				o := quiet()
				o.Mode, o.Durability, o.StallTimeout, o.MaxBytes = c.mode, c.keeps, stallTimeout, 1<<20
				b := openOn(t, fsys, "/buf", o)
				mustAppend(t, b, 1<<60, 100)
				fsys.Inject(disk)
				disk.Hold()
				r := stallResult{accepted: map[uint64]bool{1 << 60: true}}
				defer disk.Release()
				stalled := time.AfterFunc(10*time.Second, disk.Release)
				r.produce(t, b, 4, 2600)
				if r.longest > stallTimeout+time.Millisecond {
					t.Errorf("a call took %v", r.longest)
				}
				if stalled.Stop() || r.refused == 0 {
					t.Errorf("%d calls refused", r.refused)
				}
				t.Logf("%d accepted, %d refused, %d waited, the longest %v", len(r.accepted), r.refused, r.waited, r.longest)
				delivered := map[uint64]int{}
				drainAll(t, b, func(e Entry) { delivered[idOf(e)]++ })
				checkStalled(t, b, &r, delivered)
				mustAppend(t, b, 1<<61, 100)
				closeBuffer(t, b)
			})
		})
	}
}

// checkStalled: accepted = delivered + counted.
func checkStalled(t *testing.T, b *Buffer, r *stallResult, delivered map[uint64]int) {
	t.Helper()
	missing := uint64(0)
	for id := range r.accepted {
		if delivered[id] == 0 {
			missing++
		}
	}
	s := b.Stats()
	checkSum(t, s)
	if missing != s.Lost || s.Refused != r.refused || s.Dropped.Total() != missing+r.refused || s.Appended != uint64(len(r.accepted)) {
		t.Errorf("%d accepted, %d missing, %d refused: %+v", len(r.accepted), missing, r.refused, s)
	}
}
