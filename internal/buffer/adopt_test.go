package buffer

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// TestSecondOpen is T38 (and I21): the second opener of a directory gets a
// sub-buffer within 100 ms, first record included, and works.
func TestSecondOpen(t *testing.T) {
	within(t, 100*time.Millisecond, func(t *testing.T) time.Duration {
		dir := t.TempDir()
		a := open(t, dir, nil)
		mustAppend(t, a, 1, 100)
		start := time.Now()
		b := open(t, dir, nil)
		mustAppend(t, b, 2, 100)
		took := time.Since(start)
		if a.Stats().Sub || !b.Stats().Sub {
			t.Fatal("which one is the sub-buffer?")
		}
		if ids := drain(t, b, 1); ids[0] != 2 {
			t.Fatal(ids)
		}
		if ids := drain(t, a, 1); ids[0] != 1 {
			t.Fatal(ids)
		}
		closeBuffer(t, b)
		closeBuffer(t, a)
		return took
	})
}

// TestAdoptedSoon is T38's 31 s, with the default AdoptEvery, under a clock of
// its own: whenever in the period the other process dies, its backlog comes
// within 31 s of that, and a consumer that sleeps on Ready is woken for it.
func TestAdoptedSoon(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second, 17 * time.Second, 29_999 * time.Millisecond, 30 * time.Second, 95 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			disk := vfs.NewCrash(1)
			o := quiet()
			o.AdoptEvery = 0
			b := openOn(t, disk, "/buf", o)
			other := openOn(t, disk, "/buf", quiet())
			mustAppend(t, other, 7, 100)
			time.Sleep(after)
			if s := b.Stats(); s.Adopted != 0 {
				t.Fatalf("adopted from the living: %+v", s)
			}
			closeBuffer(t, other) // to b this is no different from a death
			start := time.Now()
			var c Chunk
			for b.Next(&c, 10, 1<<20) == 0 {
				if b.Arm() {
					<-b.Ready()
				}
			}
			took := time.Since(start)
			t.Logf("died after %v, adopted %v later", after, took)
			if took > 31*time.Second || idOf(c.Entries[0]) != 7 {
				t.Errorf("%v, record %d", took, idOf(c.Entries[0]))
			}
			b.Ack(c.Entries[0].Mark)
			closeBuffer(t, b)
		})
	}
}

// TestAdopt is T38's other half (and I18, I22): what a dead process left in a
// sub-directory, or in the main one, is delivered by one that lives, with the
// dead one's meta, and its unreported losses with it.
func TestAdopt(t *testing.T) {
	for _, deadIsMain := range []bool{false, true} {
		crash := vfs.NewCrash(1)
		o := func(meta string) *Options {
			o := testOptions()
			o.AdoptEvery = 5 * time.Millisecond
			o.Meta = []byte(meta)
			return o
		}
		still := o("main")
		still.AdoptEvery = -1
		main := openOn(t, crash, "/buf", still)
		sub := openOn(t, crash, "/buf", func() *Options { o := o("sub"); o.AdoptEvery = -1; return o }())
		for id := range uint64(500) {
			mustAppend(t, main, id, 300)
			mustAppend(t, sub, 10_000+id, 300)
		}
		sub.Lose(TooOld, 2, [16]byte{9}, 0)
		var first Chunk
		sub.Next(&first, 100, 1<<20)
		sub.Ack(first.Entries[99].Mark)
		// Both processes die; one comes back.
		killed := crash.Kill()
		_ = main.Close()
		_ = sub.Close()
		var keeper *Buffer
		if deadIsMain {
			// Somebody else takes main for a moment, so that the new one is a
			// sub-buffer, and then dies.
			holder, err := killed.Lock("/buf/" + lockName)
			if err != nil {
				t.Fatal(err)
			}
			keeper = openOn(t, killed, "/buf", o("new"))
			if !keeper.Stats().Sub {
				t.Fatal("not a sub-buffer")
			}
			_ = holder.Close()
		} else {
			keeper = openOn(t, killed, "/buf", o("new"))
		}
		for id := range uint64(50) {
			mustAppend(t, keeper, 20_000+id, 300)
		}
		got := map[uint64]int{}
		metas := map[string]int{}
		lastMain, lastSub := uint64(0), uint64(0)
		var c Chunk
		for len(got) < 500+400+50 {
			c.Reset()
			next(t, keeper, &c, 37)
			for _, e := range c.Entries {
				checkEntry(t, e)
				id := idOf(e)
				got[id]++
				metas[string(e.Meta.Bytes)]++
				switch { // in order within each log
				case id < 10_000:
					if id < lastMain {
						t.Fatalf("%d after %d", id, lastMain)
					}
					lastMain = id
				case id < 20_000:
					if id < lastSub {
						t.Fatalf("%d after %d", id, lastSub)
					}
					lastSub = id
				}
			}
			keeper.Ack(c.Entries[len(c.Entries)-1].Mark)
		}
		if metas["main"] != 500 || metas["sub"] != 400 || metas["new"] != 50 {
			t.Fatalf("main %v: %v", deadIsMain, metas)
		}
		s := keeper.Stats()
		checkSum(t, s)
		if s.Recovered != 900 || s.Adopted == 0 || s.Records != 0 {
			t.Fatalf("%+v", s)
		}
		if l, ok := keeper.Loss(); !ok || l.Counts[TooOld][2] != 1 {
			t.Fatalf("the dead one's losses: %+v", l)
		}
		closeBuffer(t, keeper)
		// Nothing comes twice.
		again := openOn(t, killed, "/buf", o("again"))
		mustAppend(t, again, 1, 100)
		drain(t, again, 1)
		if s := again.Stats(); s.Recovered != 0 {
			t.Fatalf("%+v", s)
		}
		closeBuffer(t, again)
	}
}

// TestAdoptMidway: adoption while the worker is in the middle of the live log
// keeps every mark and position valid.
func TestAdoptMidway(t *testing.T) {
	crash := vfs.NewCrash(1)
	o := testOptions()
	main := openOn(t, crash, "/buf", o)
	sub := openOn(t, crash, "/buf", testOptions())
	for id := range uint64(300) {
		mustAppend(t, sub, 10_000+id, 300)
		mustAppend(t, main, id, 300)
	}
	var c Chunk
	main.Next(&c, 150, 1<<20)
	main.Ack(c.Entries[49].Mark)
	_ = sub.Close()
	main.adoptAll()
	main.Rewind(c.Entries[99].Mark)
	p := mustAppend(t, main, 300, 300)
	got := map[uint64]int{}
	drainAll(t, main, func(e Entry) { got[idOf(e)]++ })
	for id := uint64(100); id <= 300; id++ {
		if got[id] != 1 || id < 300 && got[10_000+id] != 1 {
			t.Fatalf("record %d: %d times; adopted: %d", id, got[id], got[10_000+id])
		}
	}
	if len(got) != 201+300 || main.Acked() < p {
		t.Fatalf("%d records, acked %d of %d", len(got), main.Acked(), p)
	}
	checkSum(t, main.Stats())
	closeBuffer(t, main)
}

// TestKilledChildIsAdopted is T38 with processes: the lock of a killed process
// is free at once.
func TestKilledChildIsAdopted(t *testing.T) {
	dir := t.TempDir()
	appended, delivered := map[uint64]int{}, map[uint64]int{}
	o := testOptions()
	o.AdoptEvery = 10 * time.Millisecond
	b := open(t, dir, o)
	runChild(t, childArgs{dir: dir, producers: 4, round: 1, killAfter: 60 * time.Millisecond, fromFirst: true}, appended, delivered)
	start, told := time.Now(), 0
	drainUntil(t, b, func(e Entry) {
		id := idOf(e)
		if delivered[id]++; delivered[id] == 1 && appended[id] > 0 {
			told++ // others are of appends that had no time to tell
		}
	}, func() bool { return told == len(appended) })
	t.Logf("%d records of the dead one in %v", len(appended), time.Since(start))
	checkNoneLost(t, appended, delivered)
	drainAll(t, b, func(Entry) {}) // an append that had no time to tell
	closeBuffer(t, b)
	subs, _ := filepath.Glob(filepath.Join(dir, subPrefix+"*", "*.seg"))
	if len(subs) > 0 {
		t.Fatal(subs)
	}
}

// TestLockNotInherited is T38's last part: a program that the service started
// outlives the buffer, and the lock is free all the same.
func TestLockNotInherited(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	mustAppend(t, b, 1, 100)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SLOGSHIP_CHILD_WAITS=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	held, err := bufio.NewReader(out).ReadString('\n') // it runs: whatever it inherits it has
	if err != nil || held != "\n" {
		t.Errorf("the child holds %q, %v", held, err)
	}
	closeBuffer(t, b)
	b = open(t, dir, nil)
	if b.Stats().Sub {
		t.Error("a child process holds the lock of a closed buffer")
	}
	drain(t, b, 1)
	closeBuffer(t, b)
	_ = cmd.Process.Kill() // it lived until here
	_ = stdin.Close()
	_ = cmd.Wait()
}

// childWaits says which files of a buffer it has open, where that can be known,
// and lives until its standard input ends.
func childWaits() {
	for fd := 3; fd < 256; fd++ {
		name, _ := os.Readlink(fmt.Sprint("/proc/self/fd/", fd))
		if base := filepath.Base(name); base == lockName || base == "cursor" || strings.HasSuffix(base, segSuffix) {
			fmt.Print(name, " ")
		}
	}
	fmt.Println()
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// TestRenamed is T25 (and I11): the directory gets another name between runs.
func TestRenamed(t *testing.T) {
	root := t.TempDir()
	backlog(t, filepath.Join(root, "a"), quiet(), 0, 100, 100)
	if err := os.Rename(filepath.Join(root, "a"), filepath.Join(root, "b")); err != nil {
		t.Fatal(err)
	}
	got := map[uint64]int{}
	collect(t, filepath.Join(root, "b"), quiet(), got)
	if len(got) != 100 {
		t.Fatal(len(got))
	}
}

// TestCapLowered is T25 (and I47): a backlog larger than today's cap.
func TestCapLowered(t *testing.T) {
	dir := t.TempDir()
	backlog(t, dir, quiet(), 0, 20_000, 300)
	o := quiet()
	o.MaxBytes = 1 << 20
	b := open(t, dir, o)
	for id := range uint64(100) {
		mustAppend(t, b, 30_000+id, 300)
	}
	got := 0
	drainAll(t, b, func(Entry) { got++ })
	s := b.Stats()
	checkSum(t, s)
	if s.Recovered != 20_000 || got+int(s.Lost) != 20_100 {
		t.Fatalf("%d delivered: %+v", got, s)
	}
	closeBuffer(t, b)
}

// TestSeqNearWrap is T25 (and I4): numbers near 2^32 and 2^63.
func TestSeqNearWrap(t *testing.T) {
	for _, seq := range []uint64{1<<32 - 3, 1<<63 - 1000, 1<<63 - 2} {
		dir := t.TempDir()
		b := open(t, dir, quiet())
		b.mu.Lock()
		b.own.nextSeq = seq
		b.mu.Unlock()
		for id := range uint64(2000) {
			mustAppend(t, b, id, 300)
		}
		drain(t, b, 500)
		acked := b.Stats().Acked
		closeBuffer(t, b)
		got := map[uint64]int{}
		collect(t, dir, quiet(), got)
		if len(got) != 2000-int(acked) {
			t.Fatalf("seq %d: %d of %d", seq, len(got), 2000-acked)
		}
	}
}
