package buffer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// openOn opens a buffer on a file system in memory.
func openOn(t testing.TB, fsys vfs.FS, dir string, o *Options) *Buffer {
	t.Helper()
	if o.OnError == nil {
		o.OnError = func(err error) { t.Log("background:", err) }
	}
	b, err := Open(fsys, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPowerCut is T4 (and I52, I53, I55): the power goes at a random moment;
// each unsynced sector and directory entry survives or not. With Power nothing
// that was appended is lost, whatever the share; nothing is ever altered; the
// buffer always opens.
func TestPowerCut(t *testing.T) {
	rounds := share(8, 4)
	if nightly() {
		rounds = 10_000
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for _, mode := range []Mode{Mapped, Written} {
		for _, sector := range []int{512, 4096} {
			for _, share := range []int{0, 10, 50, 90} {
				t.Run(fmt.Sprintf("mode%d/%d/%d%%", mode, sector, share), func(t *testing.T) {
					for i := range rounds {
						powerRound(t, mode, sector, share, seed+uint64(i), Power)
					}
				})
			}
		}
	}
}

func powerRound(t *testing.T, mode Mode, sector, share int, seed uint64, d Durability) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, uint64(sector+share)))
	fsys := vfs.NewCrash(seed)
	appended, delivered := map[uint64]int{}, map[uint64]int{}
	id := uint64(0)
	for life := range 3 {
		o := testOptions()
		o.Mode, o.Durability, o.MaxBytes, o.MaxSegment = mode, d, 16<<20, 64<<10
		o.NewID = newID()
		b := openOn(t, fsys, "/buf", o)
		var c Chunk
		for range rng.IntN(60) {
			id++
			if _, err := b.Append(context.Background(), record(id, 16+rng.IntN(8000))); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			appended[id]++
			if rng.IntN(8) == 0 && b.Next(&c, 1+rng.IntN(10), 1<<20) > 0 {
				for _, e := range c.Entries {
					checkEntry(t, e)
					delivered[idOf(e)]++
				}
				if rng.IntN(2) == 0 {
					b.Ack(c.Entries[len(c.Entries)-1].Mark)
				}
				c.Reset()
			}
		}
		if life == 2 {
			b.Rewind(Mark{}) // what was read and not acknowledged comes again
			drainAll(t, b, func(e Entry) { delivered[idOf(e)]++ })
			if s := b.Stats(); s.Dropped.Total() > 0 {
				t.Fatalf("seed %d: dropped below the cap: %+v", seed, s)
			}
			closeBuffer(t, b)
			break
		}
		next := fsys.PowerCut(rng, share, sector)
		_ = b.Close()
		fsys = next
	}
	for id := range appended {
		if delivered[id] == 0 {
			t.Fatalf("seed %d: record %d lost", seed, id)
		}
	}
	for id := range delivered {
		if appended[id] == 0 {
			t.Fatalf("seed %d: record %d was never appended", seed, id)
		}
	}
}

// TestPowerCutProcess is T4's other half: with Process a power cut may take
// what the kernel had not written, but nothing comes back altered, nothing
// that was never appended comes, and the buffer opens and works.
func TestPowerCutProcess(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for i := range share(12, 6) {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		fsys := vfs.NewCrash(seed)
		for range 4 {
			o := testOptions()
			b := openOn(t, fsys, "/buf", o)
			for id := range uint64(rng.IntN(300)) {
				mustAppend(t, b, id, 16+rng.IntN(3000))
			}
			n := fsys.PowerCut(rng, 50, 512)
			_ = b.Close()
			fsys = n
		}
		b := openOn(t, fsys, "/buf", testOptions())
		mustAppend(t, b, 1, 100)
		drainAll(t, b, func(Entry) {}) // checks each
		checkSum(t, b.Stats())
		closeBuffer(t, b)
	}
}

// waitSynced returns when all that is appended now is synced.
func waitSynced(t *testing.T, b *Buffer) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		b.flushMu.Lock()
		turn := b.flushTurn
		b.flushMu.Unlock()
		left := b.listed(func(s *segment) bool {
			s.flush.mu.Lock()
			defer s.flush.mu.Unlock()
			return s.live && s.flush.synced < s.used()
		})
		if len(left) == 0 {
			return
		}
		select {
		case <-turn:
		case <-late:
			t.Fatal("never synced")
		}
	}
}

// TestInterval is T4 for Interval: what was synced survives, share 0.
func TestInterval(t *testing.T) {
	for _, mode := range []Mode{Mapped, Written} {
		fsys := vfs.NewCrash(1)
		o := testOptions()
		o.Mode, o.Durability, o.SyncEvery = mode, Interval, 2*time.Millisecond
		b := openOn(t, fsys, "/buf", o)
		for id := range uint64(500) {
			mustAppend(t, b, id, 500)
		}
		waitSynced(t, b)
		cut := fsys.PowerCut(nil, 0, 512)
		_ = b.Close()
		got := map[uint64]int{}
		o.NewID = newID()
		b = openOn(t, cut, "/buf", o)
		drainAll(t, b, func(e Entry) { got[idOf(e)]++ })
		if len(got) != 500 {
			t.Fatalf("mode %d: %d of 500 synced records survived", mode, len(got))
		}
		closeBuffer(t, b)
	}
}

// TestSyncFails is T19 (and I45): a sync fails once. What it covered is
// written again elsewhere before it is called durable; the file that failed is
// never synced again.
func TestSyncFails(t *testing.T) {
	for _, mode := range []Mode{Mapped, Written} {
		crash := vfs.NewCrash(3)
		fsys := vfs.NewFault(crash)
		o := testOptions()
		o.Mode, o.Durability = mode, Power
		b := openOn(t, fsys, "/buf", o)
		mustAppend(t, b, 0, 300)
		failed := ""
		again := 0
		fsys.Inject(vfs.InjectorFunc(func(op vfs.Op) error {
			if op.Kind != vfs.OpSync || !vfs.Base("*.seg")(op) && !vfs.Base("*.tmp")(op) {
				return nil
			}
			switch failed {
			case "":
				failed = op.Name
				return errDamaged
			case op.Name:
				again++
			}
			return nil
		}))
		for id := range uint64(100) {
			mustAppend(t, b, id+1, 300)
		}
		fsys.Inject(nil)
		if failed == "" || again > 0 {
			t.Fatalf("failed %q, synced again %d times", failed, again)
		}
		cut := crash.PowerCut(nil, 0, 512)
		_ = b.Close()
		got := map[uint64]int{}
		o.NewID = newID()
		b = openOn(t, cut, "/buf", o)
		drainAll(t, b, func(e Entry) { got[idOf(e)]++ })
		if len(got) != 101 {
			t.Fatalf("mode %d: %d of 101 durable records survived", mode, len(got))
		}
		closeBuffer(t, b)
	}
}
