package buffer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// faultRun appends, reads and closes while inj is active for the middle part,
// and checks that every record is delivered or counted. It returns how many
// operations there were.
func faultRun(t *testing.T, mode Mode, d Durability, inj vfs.Injector) int {
	t.Helper()
	crash := vfs.NewCrash(1)
	fsys := vfs.NewFault(crash)
	o := testOptions()
	o.Mode, o.Durability, o.StallTimeout, o.BlockTimeout = mode, d, 2*time.Millisecond, 2*time.Millisecond
	o.OnError = func(error) {}
	fsys.Inject(inj)
	b, err := Open(fsys, "/buf", o)
	if err != nil { // allowed: Open says so
		fsys.Inject(nil)
		if b, err = Open(fsys, "/buf", o); err != nil {
			t.Fatalf("does not open after the fault: %v", err)
		}
	}
	delivered := map[uint64]int{}
	accepted := map[uint64]bool{}
	var c Chunk
	read := func() {
		for b.Next(&c, 100, 1<<20) > 0 {
			for _, e := range c.Entries {
				checkEntry(t, e)
				delivered[idOf(e)]++
			}
			b.Ack(c.Entries[len(c.Entries)-1].Mark)
			c.Reset()
		}
	}
	put := func(id uint64) bool {
		_, err := b.Append(context.Background(), record(id, 1000))
		if err == nil || errors.Is(err, ErrNotDurable) {
			accepted[id] = true
			return true
		}
		return false
	}
	for id := range uint64(300) {
		put(id)
		if id%60 == 59 {
			read()
		}
	}
	ops := fsys.Ops()
	fsys.Inject(nil)
	healed := time.Now().Add(5 * time.Second)
	for id := uint64(1000); !put(id); id++ {
		if time.Now().After(healed) {
			t.Fatal("does not heal within 5 s")
		}
	}
	drainAll(t, b, func(e Entry) { delivered[idOf(e)]++ })
	s := b.Stats()
	checkSum(t, s)
	if s.Appended != uint64(len(accepted)) || s.Acked+s.Lost != s.Appended {
		t.Fatalf("%d accepted: %+v", len(accepted), s)
	}
	missing := uint64(0)
	for id := range accepted {
		if delivered[id] == 0 {
			missing++
		}
	}
	if missing != s.Lost {
		t.Fatalf("%d of %d are missing, %d counted as lost", missing, len(accepted), s.Lost)
	}
	closeBuffer(t, b)
	return ops
}

// TestEveryOperationFails is T18: the n-th operation fails, for every n, with
// each error in turn.
func TestEveryOperationFails(t *testing.T) {
	errs := []error{syscall.ENOSPC, syscall.EIO, syscall.EROFS, syscall.EMFILE, syscall.EDQUOT, syscall.EACCES}
	for _, k := range []struct {
		m Mode
		d Durability
	}{{Mapped, Process}, {Written, Process}, {Mapped, Power}, {Written, Power}} {
		t.Run(fmt.Sprintf("mode%d/durability%d", k.m, k.d), func(t *testing.T) {
			ops := faultRun(t, k.m, k.d, nil)
			step := 1
			if !nightly() {
				step = max(ops/share(16, 8), 1)
			}
			for n := 0; n < ops; n += step {
				faultRun(t, k.m, k.d, vfs.At(n, errs[n%len(errs)]))
			}
			for n := 0; n < ops; n += 10 * step {
				faultRun(t, k.m, k.d, vfs.From(n, errs[n%len(errs)]))
			}
		})
	}
}

// TestFullDisk is T18's tmpfs (and I17, I28, I54, I58): a disk fills up
// under the buffer; it lives, counts, can still remove, and heals.
func TestFullDisk(t *testing.T) {
	crash := vfs.NewCrash(1)
	crash.SetCapacity(1 << 20)
	o := testOptions()
	o.StallTimeout = time.Millisecond
	o.OnError = func(error) {}
	b := openOn(t, crash, "/buf", o)
	accepted := 0
	for id := range uint64(10_000) {
		if _, err := b.Append(context.Background(), record(id, 300)); err == nil {
			accepted++
		} else if !errors.Is(err, ErrStalled) {
			t.Fatal(err)
		}
	}
	s := b.Stats()
	checkSum(t, s)
	if s.Refused == 0 || s.Appended != uint64(accepted) || s.Refused != uint64(10_000-accepted) {
		t.Fatalf("%d accepted: %+v", accepted, s)
	}
	drain(t, b, accepted) // frees the disk
	deadline := time.Now().Add(5 * time.Second)
	for {
		if _, err := b.Append(context.Background(), record(1, 300)); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal("does not heal")
		}
	}
	closeBuffer(t, b)
}

// TestRealFullDisk is the same on a real tmpfs, where this user may mount one.
func TestRealFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := mountTmpfs(dir, "size=1m"); err != nil {
		t.Skip("cannot mount a tmpfs:", err)
	}
	t.Cleanup(func() { _ = syscallUnmount(dir) })
	o := testOptions()
	o.StallTimeout = time.Millisecond
	o.OnError = func(error) {}
	b := open(t, filepath.Join(dir, "buf"), o)
	accepted := 0
	for id := range uint64(10_000) {
		if _, err := b.Append(context.Background(), record(id, 300)); err == nil {
			accepted++
		}
	}
	checkSum(t, b.Stats())
	if accepted == 0 || accepted == 10_000 {
		t.Fatalf("%d accepted", accepted)
	}
	drain(t, b, accepted)
	closeBuffer(t, b)
}
