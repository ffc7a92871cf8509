package buffer

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// smallOptions are the defaults, as the handler has them.
func smallOptions() *Options {
	return &Options{NewID: newID(), AdoptEvery: -1, OnError: func(error) {}}
}

// TestSmallVolume is T18 with every option at its default: a volume that is
// smaller than a segment is as large as the load makes them, or than the free
// space that an ordinary disk keeps, still takes what fits, less an eighth, and
// larger segments again once there is room.
func TestSmallVolume(t *testing.T) {
	for _, size := range []int64{256 << 10, 1 << 20, 5 << 20, 32 << 20} {
		synctest.Test(t, func(t *testing.T) {
			crash := vfs.NewCrash(1)
			crash.SetCapacity(size)
			b := openOn(t, crash, "/buf", smallOptions())
			accepted := 0
			for id := range uint64(size / 300) {
				_, err := b.Append(context.Background(), record(id, 300))
				switch {
				case err == nil:
					accepted++
				case !errors.Is(err, ErrStalled):
					t.Fatal(err)
				}
			}
			s := b.Stats()
			checkSum(t, s)
			if s.Refused == 0 || s.Appended != uint64(accepted) {
				t.Errorf("%d bytes: %d accepted: %+v", size, accepted, s)
			}
			// A cursor, headers, and a rest that no segment fits into.
			if most := size - size/8 - int64(minSegmentSize) - 40<<10; s.Bytes < most/10*9 {
				t.Errorf("%d of %d bytes are used", s.Bytes, size)
			}
			if space, err := crash.Space("/buf"); err != nil || space.Free < size/8 {
				t.Errorf("%+v of %d bytes: %v", space, size, err)
			}
			drain(t, b, accepted)
			crash.SetCapacity(0)
			time.Sleep(maxBackoff) // the next try to make a segment
			for id := range uint64(40_000) {
				mustAppend(t, b, id, 300)
			}
			if s := b.active.Load(); s != nil && s.size < 1<<20 {
				t.Errorf("on %d bytes with room again, the segment has %d bytes: %+v", size, s.size, b.pace)
			}
			closeBuffer(t, b)
		})
	}
}

// TestTightRecord: a segment shrinks to what a large record needs and no
// further, whatever says that there is no room.
func TestTightRecord(t *testing.T) {
	for name, full := range map[string]error{"ENOSPC": syscall.ENOSPC, "EDQUOT": syscall.EDQUOT, "MinFree": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				crash := vfs.NewCrash(1)
				crash.SetCapacity(1 << 20)
				o := smallOptions()
				fsys := vfs.NewFault(crash)
				if full != nil {
					o.MinFree = -1
					fsys.Inject(vfs.InjectorFunc(func(op vfs.Op) error {
						if op.Kind == vfs.OpAllocate && crash.Used() > 100<<10 { // the first one is there
							return full
						}
						return nil
					}))
				}
				b := openOn(t, fsys, "/buf", o)
				mustAppend(t, b, 1, 300)
				if full == nil {
					mustAppend(t, b, 2, 300<<10)
				}
				if _, err := b.Append(context.Background(), record(3, 900<<10)); !errors.Is(err, ErrStalled) {
					t.Errorf("a record that has no room: %v", err)
				}
				checkSum(t, b.Stats())
				fsys.Inject(nil)
				crash.SetCapacity(0)
				time.Sleep(maxBackoff)
				mustAppend(t, b, 3, 900<<10)
				closeBuffer(t, b)
			})
		})
	}
}

// TestFloor: what MinFree means on volumes of different sizes.
func TestFloor(t *testing.T) {
	for _, c := range []struct{ minFree, volume, want int64 }{
		{0, 1 << 40, 64 << 20},
		{0, 512 << 20, 64 << 20},
		{0, 32 << 20, 4 << 20},
		{0, 1 << 20, 128 << 10},
		{0, 0, 0}, // a file system that doesn't say
		{64 << 20, 32 << 20, 64 << 20},
		{1, 1 << 40, 1},
	} {
		b := &Buffer{opt: Options{MinFree: c.minFree}}
		if got := b.floor(c.volume); got != c.want {
			t.Errorf("MinFree %d on %d bytes: floor %d, want %d", c.minFree, c.volume, got, c.want)
		}
	}
}

// Records that are delivered take no room from newcomers, nor others with them,
// though their files are not yet removed: that is one step of the maintainer's
// round, and to make room another, before it.
func TestDeliveredGivesRoom(t *testing.T) {
	for name, policy := range map[string]WhenFull{"refuses": DropNewest, "drops": DropOldest} {
		t.Run(name, func(t *testing.T) {
			o := testOptions()
			o.Mode, o.MaxBytes, o.WhenFull = Heap, 1<<20, DropNewest
			b := open(t, "", o)
			n := fillUp(t, b, 0, 5000)
			close(b.closing) // the rounds end, and this goroutine has them
			b.tasks.Wait()
			l := limitsOf(o)
			l.WhenFull = policy
			if err := b.SetLimits(l); err != nil {
				t.Fatal(err)
			}
			delivered := 0
			drainUntil(t, b, func(Entry) { delivered++ }, func() bool { return delivered >= n/2 })
			before, files := b.Stats(), len(b.segs)
			for range 2 {
				if !b.makeRoom(64<<10, true) {
					t.Errorf("no room, with %d of %d records delivered", delivered, n)
				}
			}
			if s := b.Stats(); s.Records != before.Records {
				t.Errorf("%d records were dropped for the room of those delivered", before.Records-s.Records)
			}
			if n := files - len(b.segs); n > 2 {
				t.Errorf("%d segments were removed for the room of two", n)
			}
		})
	}
}

// TestLargeMeta: the smallest segment still has room for records behind a meta
// record of the largest size.
func TestLargeMeta(t *testing.T) {
	o := testOptions()
	o.MaxBytes, o.Meta = minMaxBytes, make([]byte, maxMeta)
	b := openOn(t, vfs.NewCrash(1), "/buf", o)
	for id := range uint64(500) {
		mustAppend(t, b, id, 300)
		drain(t, b, 1)
	}
	closeBuffer(t, b)
}
