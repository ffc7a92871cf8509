package buffer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// Incidents that no other test here is about: see handler/INCIDENTS.md.

// I32: what is set aside is bounded. What has no room there stays where it is,
// is not removed, and keeps nobody from working.
func TestQuarantineIsBounded(t *testing.T) {
	dir := t.TempDir()
	const files = quarantineFiles + 9
	rubbish := bytes.Repeat([]byte{0x5a}, headerSize)
	for i := range files {
		write(t, filepath.Join(dir, fmt.Sprintf("%016x-%08x.seg", i+1, i)), rubbish)
	}
	for range 2 { // the second start finds it full
		b := open(t, dir, quiet())
		mustAppend(t, b, 1, 100)
		drain(t, b, 1)
		for b.Stats().Recovering {
			time.Sleep(time.Millisecond)
		}
		closeBuffer(t, b)
		aside, _ := os.ReadDir(filepath.Join(dir, quarantineDir))
		here, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
		if len(aside) != quarantineFiles || len(here) != files-quarantineFiles {
			t.Fatalf("%d set aside, %d left, of %d", len(aside), len(here), files)
		}
	}
}

// I38: a cursor that is replaced by renaming fails where somebody has the old
// one open (Windows). Ours has two slots and one name for ever.
func TestCursorIsNeverRenamed(t *testing.T) {
	for _, m := range []Mode{Mapped, Written} {
		fsys := vfs.NewFault(vfs.NewCrash(1))
		var hits atomic.Int32
		fsys.Inject(vfs.InjectorFunc(func(op vfs.Op) error {
			if (op.Kind == vfs.OpRename || op.Kind == vfs.OpRemove) && strings.Contains(op.Name+op.To, "cursor") {
				hits.Add(1)
			}
			return nil
		}))
		o := testOptions()
		o.Mode, o.Durability = m, Power
		for range 2 {
			b := openOn(t, fsys, "/buf", o)
			for id := range uint64(300) {
				mustAppend(t, b, id, 300)
			}
			drain(t, b, 300)
			closeBuffer(t, b)
		}
		if fsys.Count(vfs.OpRename) == 0 {
			t.Fatal("nothing was renamed: the test has lost its subject")
		}
		if n := hits.Load(); n > 0 {
			t.Fatalf("mode %d: the cursor was renamed or removed %d times", m, n)
		}
	}
}

// I43: a start after an unclean end reads each file once and its header, and
// writes next to nothing: no repair that rewrites what it found.
func TestRecoveryIsNoStorm(t *testing.T) {
	crash := vfs.NewCrash(1)
	b := openOn(t, crash, "/buf", testOptions())
	for id := range uint64(5000) {
		mustAppend(t, b, id, 300)
	}
	killed := crash.Kill()
	_ = b.Close()
	entries, err := killed.ReadDir("/buf")
	if err != nil {
		t.Fatal(err)
	}
	fsys := vfs.NewFault(killed)
	b = openOn(t, fsys, "/buf", testOptions())
	for b.Stats().Recovering {
		time.Sleep(time.Millisecond)
	}
	reads, writes := fsys.Count(vfs.OpReadAt), fsys.Count(vfs.OpWriteAt)
	s := b.Stats()
	if s.Recovered != 5000 {
		t.Fatalf("%+v", s)
	}
	// Two looks at each header, and the contents once, block by block.
	bound := 3*len(entries) + 2*int(s.Disk)/windowBlock + 10
	t.Logf("%d files of %d bytes: %d reads (bound %d), %d writes", len(entries), s.Disk, reads, bound, writes)
	if reads > bound || writes > 4 {
		t.Fatalf("%d reads and %d writes for %d files", reads, writes, len(entries))
	}
	drain(t, b, 5000)
	closeBuffer(t, b)
}

// I7, I61: a Close that saw recovery under way, and slept as there was nothing
// to read, was never told of its end: it came between the look and the word. So
// the end is signalled whether or not somebody is known to sleep.
func TestEndOfRecoverySignals(t *testing.T) {
	crash := vfs.NewCrash(1)
	if err := crash.MkdirAll("/buf"); err != nil {
		t.Fatal(err)
	}
	f, err := crash.Create("/buf/" + fmt.Sprintf("%016x-%08x.seg", 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	release := make(chan struct{})
	fsys := vfs.NewFault(crash)
	// The first look at the file is Open's own, the second the scan's.
	fsys.Inject(vfs.When(vfs.And(vfs.Kinds(vfs.OpOpen), vfs.Base("*.seg")),
		vfs.Nth(1, vfs.InjectorFunc(func(vfs.Op) error { <-release; return nil }))))
	b := openOn(t, fsys, "/buf", quiet())
	if !b.Stats().Recovering {
		t.Fatal("recovery is over: the test has lost its subject")
	}
	close(release)
	for b.Stats().Recovering { // nobody has said that he sleeps
		time.Sleep(time.Millisecond)
	}
	for !b.Arm() {
	}
	select {
	case <-b.Ready():
	case <-time.After(time.Minute):
		t.Fatal("the end of recovery came before the word that somebody sleeps, and is lost")
	}
	closeBuffer(t, b)
}

// TestBudgetOfOthers: files that are no segments count in the budget up to half
// of it, and make buffers drop what is over.
func TestBudgetOfOthers(t *testing.T) {
	budget := NewBudget(2 << 20)
	o := quiet()
	o.Budget, o.Mode = budget, Heap
	b := open(t, "", o)
	for id := range uint64(10_000) {
		mustAppend(t, b, id, 300)
	}
	own := func() int64 { return b.Stats().Disk }
	before := own()
	budget.Book(512 << 10)
	waitUntil(t, func() bool { return budget.Used() <= budget.Max() })
	if own() >= before {
		t.Errorf("%d bytes, before others came %d", own(), before)
	}
	budget.Book(100 << 20)
	for id := range uint64(10_000) {
		mustAppend(t, b, id, 300)
	}
	waitUntil(t, func() bool { return own() <= 1<<20 })
	if own() < 512<<10 {
		t.Errorf("others leave %d bytes", own())
	}
	budget.Book(-100<<20 - 512<<10)
	for id := range uint64(10_000) {
		mustAppend(t, b, id, 300)
	}
	waitUntil(t, func() bool { return own() > 3<<19 })
	closeBuffer(t, b)
	if u := budget.Used(); u != 0 {
		t.Errorf("%d bytes never came back", u)
	}
}

func waitUntil(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

// TestQuarantineIsBooked: what is set aside, or left as it is, counts in the
// budget in this run and in the next, and no more once the buffer is closed.
func TestQuarantineIsBooked(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "0000000000000001-00000001.seg"), make([]byte, 100<<10))
	for range 2 {
		o := quiet()
		o.Budget = NewBudget(4 << 20)
		b := open(t, dir, o)
		waitUntil(t, func() bool { return !b.Stats().Recovering })
		if u := o.Budget.Used(); u != 100<<10 {
			t.Errorf("%d bytes are booked", u)
		}
		closeBuffer(t, b)
		if u := o.Budget.Used(); u != 0 {
			t.Errorf("%d bytes after Close", u)
		}
	}
}

// TestOpenOverBudget: a start that finds more than the shared cap takes records
// at once, before what it found can be counted and dropped.
func TestOpenOverBudget(t *testing.T) {
	dir := t.TempDir()
	backlog(t, dir, quiet(), 0, 3000, 300)
	scan := vfs.NewStall(vfs.And(vfs.Kinds(vfs.OpOpen), vfs.Base("*.seg")))
	fsys := vfs.NewFault(vfs.OS{})
	o := quiet()
	o.Budget = NewBudget(512 << 10)
	var opens atomic.Int32
	fsys.Inject(vfs.InjectorFunc(func(op vfs.Op) error {
		if op.Kind == vfs.OpOpen && strings.HasSuffix(op.Name, segSuffix) && opens.Add(1) == 1 {
			return nil // Open itself reads one header, to see whose cursor it has
		}
		return scan.MaybeError(op)
	}))
	scan.Hold()
	defer scan.Release()
	b := openOn(t, fsys, dir, o)
	if b.Stats().Disk <= o.Budget.Max() || !b.Stats().Recovering {
		t.Fatalf("this shows nothing: %+v", b.Stats())
	}
	mustAppend(t, b, 5000, 300)
	scan.Release()
	waitUntil(t, func() bool { return !b.Stats().Recovering })
	checkSum(t, b.Stats())
	closeBuffer(t, b)
}
