package buffer

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// burst lets eight producers append as fast as they can, and returns how many
// of their records were refused. Under synctest they take no time at all, so
// each segment is used up the moment it comes.
func burst(t *testing.T, b *Buffer, each uint64) (refused uint64) {
	t.Helper()
	var wg sync.WaitGroup
	for p := range uint64(8) {
		wg.Go(func() {
			for i := range each {
				_, _ = b.Append(context.Background(), record(p<<32|i, 1000))
			}
		})
	}
	wg.Wait()
	s := b.Stats()
	checkSum(t, s)
	if s.Appended+s.Refused != 8*each {
		t.Errorf("%d calls: %+v", 8*each, s)
	}
	return s.Refused
}

// TestBurstWaits: where each segment takes half of StallTimeout to make, and
// producers use it up at once, none of them is refused: a slow disk holds
// them back. Nor do they lose anything while cooling waits for the device.
func TestBurstWaits(t *testing.T) {
	slow := map[string]map[vfs.OpKind]time.Duration{
		"creates":   {vfs.OpCreate: 5 * time.Millisecond},
		"writeback": {vfs.OpWriteback: 2 * time.Second, vfs.OpEvict: 2 * time.Second},
	}
	for name, delays := range slow {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fsys := vfs.NewFault(vfs.NewCrash(1))
				fsys.Inject(vfs.InjectorFunc(func(op vfs.Op) error {
					time.Sleep(delays[op.Kind])
					return nil
				}))
				o := quiet()
				o.StallTimeout, o.MinSegment, o.MaxBytes = 10*time.Millisecond, 64<<10, 64<<20
				b := openOn(t, fsys, "/buf", o)
				if n := burst(t, b, 2000); n > 0 {
					t.Errorf("%d refused", n)
				}
				closeBuffer(t, b)
			})
		})
	}
}

// TestStallIsKnown: once no segment has come for longestWait, calls no longer
// wait, and they wait again after one has come.
func TestStallIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewStall(vfs.Kinds(vfs.OpCreate))
		fsys := vfs.NewFault(vfs.NewCrash(1))
		o := quiet()
		o.StallTimeout, o.MaxBytes = 10*time.Millisecond, 64<<20
		b := openOn(t, fsys, "/buf", o)
		mustAppend(t, b, 0, 100)
		synctest.Wait()
		fsys.Inject(disk)
		disk.Hold()
		for start := time.Now(); time.Since(start) < 2*longestWait; {
			if _, err := b.Append(context.Background(), record(1, 1000)); err != nil {
				time.Sleep(time.Millisecond)
			}
		}
		start := time.Now()
		if _, err := b.Append(context.Background(), record(2, 1000)); err != ErrStalled || time.Since(start) > 0 {
			t.Errorf("a call in a known stall: %v after %v", err, time.Since(start))
		}
		disk.Release()
		synctest.Wait()
		mustAppend(t, b, 3, 1000)
		closeBuffer(t, b)
	})
}

// TestUnwrittenIsKnown: where plain writes have not come through for
// longestWait, calls return ErrNotDurable at once, and wait again after one has.
func TestUnwrittenIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewStall(vfs.Kinds(vfs.OpWriteAt))
		fsys := vfs.NewFault(vfs.NewCrash(1))
		o := quiet()
		o.Mode, o.StallTimeout, o.MaxBytes = Written, 10*time.Millisecond, 64<<20
		o.MinSegment = 1 << 20 // one takes all of it: no other has to be made
		b := openOn(t, fsys, "/buf", o)
		mustAppend(t, b, 0, 100)
		synctest.Wait()
		fsys.Inject(disk)
		disk.Hold()
		took := func(id uint64) (time.Duration, error) {
			start := time.Now()
			_, err := b.Append(context.Background(), record(id, 100))
			return time.Since(start), err
		}
		start := time.Now()
		for id := uint64(1); time.Since(start) <= longestWait; id++ {
			if d, err := took(id); d != o.StallTimeout || err != ErrNotDurable {
				t.Fatalf("a call %v into a stall: %v after %v", time.Since(start), err, d)
			}
		}
		for id := range uint64(100) {
			if d, err := took(1000 + id); d > 0 || err != ErrNotDurable {
				t.Fatalf("a call in a known stall: %v after %v", err, d)
			}
		}
		disk.Release()
		synctest.Wait()
		if d, err := took(2000); err != nil {
			t.Errorf("a call after the stall: %v after %v", err, d)
		}
		disk.Hold()
		if d, err := took(2001); d != o.StallTimeout || err != ErrNotDurable {
			t.Errorf("the first call of a second stall: %v after %v", err, d)
		}
		disk.Release()
		closeBuffer(t, b)
	})
}

// TestSpareIsCheap: a buffer at its cap gives records away for one spare, so
// that the next producer need not wait, and for no other.
func TestSpareIsCheap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := quiet()
		o.StallTimeout, o.MaxBytes = 10*time.Millisecond, 1<<20
		b := openOn(t, vfs.NewCrash(1), "/buf", o)
		if n := burst(t, b, 1000); n > 0 {
			t.Errorf("%d refused", n)
		}
		synctest.Wait()
		s := b.Stats()
		b.mu.Lock()
		spares, size := len(b.spares), b.pace.size
		b.mu.Unlock()
		if spares != 1 {
			t.Errorf("%d spares", spares)
		}
		// All but a spare, the active one, which may have just begun, and a rest
		// that no segment fits into.
		if s.Bytes < o.MaxBytes-3*size {
			t.Errorf("of %d bytes, %d hold records", o.MaxBytes, s.Bytes)
		}
		closeBuffer(t, b)
	})
}
