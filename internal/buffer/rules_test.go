package buffer

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// Each test here holds a rule that could be broken without another one
// noticing (T46): see the mutants of this package in internal/mutants.

// T12: what a killed producer has left may be damaged, too. A claim whose
// length reaches over its neighbours takes none of them with it.
func TestHoleThatLies(t *testing.T) {
	s := testSegment(1, 64<<10)
	mem, ids := fillSegment(s, rand.New(rand.NewPCG(1, 1)), 0, 60)
	offs := make([]uint64, 0, len(ids))
	for off := range ids {
		offs = append(offs, off)
	}
	slices.Sort(offs)
	hole := offs[10]
	storeLength(mem, hole, -int32(offs[40]-hole))
	w := window{buf: mem, size: s.size}
	n := 0
	s.each(&w, headerSize, func(*found) { n++ })
	if n != len(offs)-1 {
		t.Fatalf("%d of %d records around a hole", n, len(offs)-1)
	}
}

// T12, I51: a length that reaches beyond its segment is refused by its header
// alone, before anybody slices by it, in the mapping of a live segment as well.
func TestLengthBeyondTheSegment(t *testing.T) {
	o := testOptions()
	o.Mode = Heap
	b := open(t, "", o)
	for id := range uint64(3) {
		mustAppend(t, b, id, 100)
	}
	s := b.active.Load()
	last := s.used() - strideOf(100)
	long := uint32(s.size)
	binary.LittleEndian.PutUint16(s.mem[last+22:], checkLength(long))
	storeLength(s.mem, last, int32(long))
	var c Chunk
	if n := b.Next(&c, 10, 1<<20); n != 2 {
		t.Fatalf("%d records, want the two before it", n)
	}
	b.Ack(c.Entries[1].Mark)
	drainAll(t, b, func(Entry) {})
	checkSum(t, b.Stats())
	closeBuffer(t, b)
}

// T9: nobody passes over a claim whose producer lives, however long it takes:
// it may only be slow.
func TestOpenClaimIsWaitedFor(t *testing.T) {
	o := testOptions()
	o.Mode = Heap
	b := open(t, "", o)
	mustAppend(t, b, 0, 100)
	s := b.active.Load()
	r := record(1, 200)
	off, _, ok, _ := s.claim(strideOf(len(r.Payload)))
	if !ok {
		t.Fatal("no room")
	}
	storeClaim(s.mem, off, -int32(frameSize+len(r.Payload)))
	mustAppend(t, b, 2, 100)
	var c Chunk
	for range 3 {
		b.Next(&c, 10, 1<<20)
	}
	if len(c.Entries) != 1 {
		t.Fatalf("%d records, one is before the open claim", len(c.Entries))
	}
	if !b.Arm() {
		t.Fatal("there is something to read, says Arm")
	}
	s.fill(off, &r, typeData)
	b.wake()
	for b.Next(&c, 10, 1<<20) > 0 {
	}
	if len(c.Entries) != 3 || idOf(c.Entries[1]) != 1 {
		t.Fatalf("%d records after the commit", len(c.Entries))
	}
	b.Ack(c.Entries[2].Mark)
	closeBuffer(t, b)
}

// T39, I7: Arm says that the consumer sleeps before it looks for the last time.
// The lock that the look takes is held here, so this is no matter of luck: a
// record that is appended meanwhile has to signal.
func TestArmComesBeforeTheLook(t *testing.T) {
	o := testOptions()
	o.Mode = Heap
	b := open(t, "", o)
	mustAppend(t, b, 0, 100)
	drain(t, b, 1)
	for !b.Arm() {
	}
	b.sleeping.Store(false)
	b.reader.mu.Lock()
	var wg sync.WaitGroup
	wg.Go(func() { b.Arm() })
	for deadline := time.Now().Add(10 * time.Second); !b.sleeping.Load(); runtime.Gosched() {
		if time.Now().After(deadline) {
			b.reader.mu.Unlock()
			t.Fatal("it looks before it says that it sleeps")
		}
	}
	mustAppend(t, b, 1, 100)
	if len(b.ready) != 1 {
		t.Error("a record came between the word and the look, and nobody was woken")
	}
	b.reader.mu.Unlock()
	wg.Wait()
	drain(t, b, 1)
	closeBuffer(t, b)
}

// T38: the sub-buffer of a process that lives is not taken over.
func TestLockedIsNotAdopted(t *testing.T) {
	crash := vfs.NewCrash(1)
	main := openOn(t, crash, "/buf", testOptions())
	sub := openOn(t, crash, "/buf", testOptions())
	for id := range uint64(50) {
		mustAppend(t, sub, id, 100)
	}
	main.adoptAll()
	main.mu.Lock()
	logs := len(main.logs)
	main.mu.Unlock()
	if s := main.Stats(); s.Adopted != 0 || s.Recovered != 0 || logs != 1 {
		t.Fatalf("adopted from a living process: %+v", s)
	}
	if ids := drain(t, sub, 50); len(ids) != 50 {
		t.Fatalf("%d records", len(ids))
	}
	closeBuffer(t, sub)
	closeBuffer(t, main)
}

// T8, I2: the order of deletion is cursor, file, directory. The cursor is
// durable before a file that it speaks of goes, and the removal is durable
// before anything else relies on the room.
func TestDeletionOrder(t *testing.T) {
	fsys := vfs.NewFault(vfs.NewCrash(5))
	var mu sync.Mutex
	var ops []string // guarded by mu
	fsys.Inject(vfs.InjectorFunc(func(op vfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case op.Kind == vfs.OpSync && filepath.Base(op.Name) == "cursor":
			ops = append(ops, "cursor")
		case op.Kind == vfs.OpRemove && vfs.Base("*.seg")(op):
			ops = append(ops, "remove")
		case op.Kind == vfs.OpSyncDir:
			ops = append(ops, "directory")
		}
		return nil
	}))
	o := testOptions()
	o.Durability, o.SyncEvery = Interval, time.Hour
	b := openOn(t, fsys, "/buf", o)
	for id := range uint64(2000) {
		mustAppend(t, b, id, 300)
	}
	mu.Lock()
	ops = nil
	mu.Unlock()
	drain(t, b, 2000)
	seen := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(ops)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		got := seen()
		if i := slices.Index(got, "remove"); i >= 0 && slices.Contains(got[i:], "directory") {
			if !slices.Contains(got[:i], "cursor") {
				t.Fatalf("%q: a file went before the cursor was synced", got)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%q: no removal that a sync of the directory follows", got)
		}
	}
	closeBuffer(t, b)
}

// I56: the length is stored last. Whoever sees it sees the bytes; a producer
// that is stopped in the middle of its copy has a hole and no record.
func TestCommitComesLast(t *testing.T) {
	const size, rounds = 1 << 20, 96
	p := bytes.Repeat([]byte{0xff}, size)
	r := Record{Payload: p, Sum: Sum(p)}
	s := testSegment(1, headerSize+rounds*strideOf(size))
	var wg sync.WaitGroup
	defer wg.Wait()
	for range rounds {
		off, _, ok, _ := s.claim(strideOf(size))
		if !ok {
			t.Fatal("full")
		}
		wg.Go(func() { s.fill(off, &r, typeData) })
		for loadLength(s.mem, off) <= 0 {
			runtime.Gosched()
		}
		if s.mem[off+frameSize+size-1] != 0xff {
			t.Fatal("a length whose bytes are not there")
		}
	}
}

// T14, I26, I44: what cannot be read is moved aside as it is. It may be all that
// is left of somebody's records.
func TestQuarantineKeepsTheBytes(t *testing.T) {
	dir := t.TempDir()
	seg := backlog(t, dir, quiet(), 0, 20, 300)[0]
	p, err := os.ReadFile(seg)
	if err != nil {
		t.Fatal(err)
	}
	clear(p[:headerSize])
	write(t, seg, p)
	got := map[uint64]int{}
	if s := collect(t, dir, quiet(), got); s.Quarantined != 1 || len(got) != 0 {
		t.Fatalf("%d records: %+v", len(got), s)
	}
	kept, err := os.ReadFile(filepath.Join(dir, quarantineDir, filepath.Base(seg)))
	if err != nil || !bytes.Equal(kept, p) {
		t.Fatalf("%d bytes of %d set aside, %v", len(kept), len(p), err)
	}
}

// T14: a segment of another buffer, of a number that ours do not have, is
// neither read nor removed.
func TestForeignSegmentIsLeft(t *testing.T) {
	dir := t.TempDir()
	own := backlog(t, dir, quiet(), 0, 10, 300)
	others := backlog(t, t.TempDir(), quiet(), 50_000, 1000, 300)
	foreign := others[len(others)-1]
	p, err := os.ReadFile(foreign)
	if err != nil || len(others) <= len(own)+1 {
		t.Fatal(len(others), err)
	}
	there := filepath.Join(dir, filepath.Base(foreign))
	write(t, there, p)
	got := map[uint64]int{}
	collect(t, dir, quiet(), got)
	if len(got) != 10 || got[0] != 1 {
		t.Fatalf("%d records, 10 are ours", len(got))
	}
	if now, err := os.ReadFile(there); err != nil || !bytes.Equal(now, p) {
		t.Fatalf("it was changed: %v", err)
	}
}

// T24: what is still being written is never dropped to make room: neither the
// active segment nor one with an open claim, whose producer would go on storing
// into memory that is gone.
func TestDropSparesWhatIsBeingWritten(t *testing.T) {
	eachMode(t, func(t *testing.T, m Mode) {
		o := testOptions()
		o.Mode = m
		b := open(t, t.TempDir(), o)
		for id := range uint64(10) {
			mustAppend(t, b, id, 100)
		}
		if b.dropOldest() {
			t.Fatal("the active segment was dropped")
		}
		s := b.active.Load()
		r := record(10, 100)
		off, _, ok, _ := s.claim(strideOf(len(r.Payload)))
		if !ok {
			t.Fatal("no room")
		}
		b.shut(s)
		if b.dropOldest() {
			t.Fatal("a segment with an open claim was dropped")
		}
		s.fill(off, &r, typeData)
		if ids := drain(t, b, 11); len(ids) != 11 {
			t.Fatalf("%d records", len(ids))
		}
		closeBuffer(t, b)
	})
}

// DESIGN §5.9: a level is shed while room is short, and neither before nor
// after.
func TestShedFollowsTheFill(t *testing.T) {
	o := testOptions()
	o.MaxBytes = 2 << 20
	o.Shed = [Levels]float64{2: 0.5}
	b := open(t, t.TempDir(), o)
	r := record(2, 200) // of level 2
	accepted := 0
	for ; ; accepted++ {
		if _, err := b.Append(context.Background(), r); errors.Is(err, ErrFull) {
			break
		} else if err != nil || accepted > 20_000 {
			t.Fatalf("after %d: %v", accepted, err)
		}
	}
	// Half of the cap, less what the gate rounds: see refreshGate.
	if full := int64(accepted) * int64(strideOf(200)); full < o.MaxBytes/4 {
		t.Fatalf("refused with %d of %d bytes", full, o.MaxBytes)
	}
	drainAll(t, b, func(Entry) {})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := b.Append(context.Background(), r); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("still refused when all is delivered: %v", err)
		}
	}
	closeBuffer(t, b)
}

// T2, T24: a loss is in the cursor before the file goes. A crash in between
// then reports records that come after all; the other way round nobody would
// hear of those that don't.
func TestLossIsSavedBeforeTheFileGoes(t *testing.T) {
	crash := vfs.NewCrash(1)
	fsys := vfs.NewFault(crash)
	o := testOptions()
	o.MaxBytes = 512 << 10
	b := openOn(t, fsys, "/buf", o)
	onDisk := func() uint64 {
		f, err := crash.Open("/buf/cursor")
		if err != nil {
			return 0
		}
		defer f.Close()
		p := make([]byte, cursorSize)
		_, _ = f.ReadAt(p, 0)
		c, _, _ := readSlots(p) // of a cursor that was never saved: zero
		return c.frozen.Counts.Total() + c.gathering.Counts.Total()
	}
	var removals, unsaved atomic.Int64
	fsys.Inject(vfs.When(vfs.And(vfs.Kinds(vfs.OpRemove), vfs.Base("*.seg")), vfs.InjectorFunc(func(vfs.Op) error {
		removals.Add(1)
		dropped := b.Stats().Dropped
		if onDisk() < dropped.Total() {
			unsaved.Add(1)
		}
		return nil
	})))
	for id := range uint64(4000) {
		mustAppend(t, b, id, 300)
	}
	if removals.Load() < 3 || b.Stats().Lost == 0 {
		t.Fatalf("%d files dropped: the test has lost its subject", removals.Load())
	}
	if n := unsaved.Load(); n > 0 {
		t.Fatalf("at %d of %d removals the cursor did not know of the loss", n, removals.Load())
	}
	drainAll(t, b, func(Entry) {})
	closeBuffer(t, b)
}
