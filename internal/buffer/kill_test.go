package buffer

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestMain turns the test binary into the child of the crash tests.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SLOGSHIP_CHILD_DIR"); dir != "" {
		childMain(dir)
	}
	if os.Getenv("SLOGSHIP_CHILD_WAITS") == "1" {
		childWaits()
	}
	os.Exit(m.Run())
}

func nightly() bool { return os.Getenv("SLOGSHIP_NIGHTLY") == "1" }

// childMain appends until it is killed, and tells its witness, a pipe, of each
// append that returned. Half of what it appends it reads and acknowledges.
func childMain(dir string) {
	producers, _ := strconv.Atoi(os.Getenv("SLOGSHIP_CHILD_PRODUCERS"))
	mode, _ := strconv.Atoi(os.Getenv("SLOGSHIP_CHILD_MODE"))
	round, _ := strconv.ParseUint(os.Getenv("SLOGSHIP_CHILD_ROUND"), 10, 64)
	dur, _ := strconv.Atoi(os.Getenv("SLOGSHIP_CHILD_DURABILITY"))
	o := testOptions()
	o.Mode, o.Durability = Mode(mode), Durability(dur)
	o.SyncEvery = 5 * time.Millisecond
	o.Meta = []byte("child")
	if os.Getenv("SLOGSHIP_CHILD_SMALL") == "1" {
		o.MaxBytes, o.Keep = 1<<20, 5
	}
	b, err := Open(childDisk(), dir, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	if kind := os.Getenv("SLOGSHIP_CHILD_KIND"); kind != "" {
		childKinds[kind](b, round)
	}
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() { childProduce(b, round<<48|uint64(p)<<32) })
	}
	if os.Getenv("SLOGSHIP_CHILD_READ") == "1" {
		wg.Go(func() { childConsume(b) })
	}
	wg.Wait()
	os.Exit(4)
}

func childProduce(b *Buffer, id uint64) {
	for {
		id++
		childAppend(b, id)
	}
}

// childAppend tells the witness of one append that returned.
func childAppend(b *Buffer, id uint64) {
	if _, err := b.Append(context.Background(), record(id, 16+int(id%400))); err != nil {
		fmt.Fprintln(os.Stderr, "append:", err)
		return
	}
	w := binary.LittleEndian.AppendUint64([]byte{'A'}, id)
	w = binary.LittleEndian.AppendUint64(w, uint64(time.Now().UnixNano()))
	if _, err := os.Stdout.Write(w); err != nil {
		os.Exit(5)
	}
}

// childConsume reports what it is about to acknowledge before it does.
func childConsume(b *Buffer) {
	var c Chunk
	for {
		if b.Next(&c, 50, 1<<20) == 0 {
			if b.Arm() {
				<-b.Ready()
			}
			continue
		}
		var w []byte
		for _, e := range c.Entries {
			w = append(w, 'D')
			w = binary.LittleEndian.AppendUint64(w, idOf(e))
		}
		if _, err := os.Stdout.Write(w); err != nil {
			os.Exit(5)
		}
		b.Ack(c.Entries[len(c.Entries)-1].Mark)
		c.Reset()
	}
}

type childArgs struct {
	dir              string
	producers, round int
	mode             Mode
	durability       Durability
	read             bool
	crashAt          string
	mark             string        // file that the crash point leaves behind; "": none
	killAfter        time.Duration // 0: the child kills itself
	fromFirst        bool          // killAfter counts from the first record, not from the start
	small            bool          // a cap that is soon reached, with Keep
	failSyncs        bool          // now and then a sync of a segment fails
	kind             string        // of childKinds; "": appends until it is killed
	exits            bool          // the child is to end by itself
	cut              func()        // done just before the kill: the child's last errors are not shown
	binary           string
}

// runChild runs one child to its death and notes what its witness saw.
func runChild(t *testing.T, a childArgs, appended, delivered map[uint64]int) {
	t.Helper()
	if a.binary == "" {
		a.binary = os.Args[0]
	}
	cmd := exec.Command(a.binary)
	read := "0"
	if a.read {
		read = "1"
	}
	cmd.Env = append(os.Environ(), "SLOGSHIP_CHILD_DIR="+a.dir, fmt.Sprint("SLOGSHIP_CHILD_PRODUCERS=", a.producers),
		fmt.Sprint("SLOGSHIP_CHILD_MODE=", int(a.mode)), fmt.Sprint("SLOGSHIP_CHILD_ROUND=", a.round),
		fmt.Sprint("SLOGSHIP_CHILD_DURABILITY=", int(a.durability)),
		"SLOGSHIP_CHILD_READ="+read, "SLOGSHIP_CRASH_AT="+a.crashAt, "SLOGSHIP_CRASH_MARK="+a.mark)
	if a.small {
		cmd.Env = append(cmd.Env, "SLOGSHIP_CHILD_SMALL=1")
	}
	if a.failSyncs {
		cmd.Env = append(cmd.Env, "SLOGSHIP_CHILD_FAIL_SYNCS=1")
	}
	cmd.Env = append(cmd.Env, "SLOGSHIP_CHILD_KIND="+a.kind)
	var told strings.Builder // how one ends that is to panic, or whose disk goes, is worth a look only when it fails
	cmd.Stderr = os.Stderr
	if a.exits || a.cut != nil {
		cmd.Stderr = &told
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var cutAt atomic.Int64
	wait := max(a.killAfter, time.Millisecond)
	if a.fromFirst {
		wait = time.Hour
	}
	kill := time.AfterFunc(wait, func() {
		if a.killAfter > 0 {
			if a.cut != nil {
				cutAt.Store(time.Now().UnixNano())
				a.cut()
			}
			_ = cmd.Process.Kill()
		}
	})
	defer kill.Stop()
	guard := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
	defer guard.Stop()
	r := bufio.NewReader(out)
	var w [9]byte
	for {
		if _, err := io.ReadFull(r, w[:]); err != nil {
			break
		}
		id := binary.LittleEndian.Uint64(w[1:])
		if w[0] != 'A' {
			delivered[id]++
			continue
		}
		if a.fromFirst {
			kill.Reset(a.killAfter)
			a.fromFirst = false
		}
		var at [8]byte
		if _, err := io.ReadFull(r, at[:]); err != nil {
			break
		}
		// What returned during the cut is in nobody's debt: a file system that
		// is being shut down may still call a sync done that was under way, as
		// a machine without power cannot.
		if cut := cutAt.Load(); cut == 0 || int64(binary.LittleEndian.Uint64(at[:])) < cut {
			appended[id]++
		}
	}
	_ = cmd.Wait()
	s := cmd.ProcessState
	if s.Exited() && cutAt.Load() > 0 {
		return // it had not yet opened the buffer, and could not any more
	}
	if s.Exited() != a.exits || s.Success() {
		t.Fatalf("child ended by itself: %v: %.2000s", s, told.String())
	}
}

// collect opens dir and drains it into delivered.
func collect(t *testing.T, dir string, o *Options, delivered map[uint64]int) Stats {
	t.Helper()
	b := open(t, dir, o)
	drainAll(t, b, func(e Entry) { delivered[idOf(e)]++ })
	s := b.Stats()
	checkSum(t, s)
	closeBuffer(t, b)
	return s
}

func checkNoneLost(t *testing.T, appended, delivered map[uint64]int) {
	t.Helper()
	lost := 0
	for id := range appended {
		if delivered[id] == 0 {
			lost++
		}
	}
	if lost > 0 {
		t.Fatalf("%d of %d records lost whose append had returned", lost, len(appended))
	}
}

// TestKill is T1 (and I56): SIGKILL at random moments, several lives in one
// directory; no record is lost whose append returned, none is altered, and
// what comes twice is at most what was in flight.
func TestKill(t *testing.T) {
	lives := 3
	if nightly() {
		lives = 334
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, mode := range []Mode{Mapped, Written} {
		for _, producers := range []int{1, 8, 64} {
			t.Run(fmt.Sprintf("mode%d/producers%d", mode, producers), func(t *testing.T) {
				dir := t.TempDir()
				appended, delivered := map[uint64]int{}, map[uint64]int{}
				for i := range lives {
					runChild(t, childArgs{dir: dir, producers: producers, mode: mode, round: i + 1, read: i%2 == 1,
						killAfter: time.Duration(10+rng.IntN(80)) * time.Millisecond}, appended, delivered)
					if i%20 == 19 { // far below the cap: nothing may be dropped
						o := testOptions()
						o.Mode = mode
						if s := collect(t, dir, o, delivered); s.Dropped.Total() > 0 {
							t.Fatalf("%+v", s)
						}
						checkNoneLost(t, appended, delivered)
					}
				}
				o := testOptions()
				o.Mode = mode
				s := collect(t, dir, o, delivered)
				checkNoneLost(t, appended, delivered)
				twice := 0
				for _, n := range delivered {
					if n > 1 {
						twice++
					}
				}
				if twice > 50*lives {
					t.Fatalf("%d delivered more than once, %d kills", twice, lives)
				}
				if s.Corrupt != 0 {
					t.Fatalf("a kill counted as damage: %+v", s)
				}
				t.Logf("%d appended, %d delivered, %d twice", len(appended), len(delivered), twice)
			})
		}
	}
}
