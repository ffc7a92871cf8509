//go:build crashpoints

package buffer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// crashNames are all the points that an ordinary life passes. Those of
// compaction, adoption and quarantine have their own rows; "rescued" needs a
// disk that fails, "ledger-taken" a sub-buffer with losses, and "loss-frozen" a
// consumer that reports: no child here has these.
var crashNames = []string{
	"claimed", "before-commit", "committed", "before-seal", "sealed",
	"segment-tmp-created", "segment-allocated", "segment-zeroed", "segment-headed", "segment-renamed", "segment-created",
	"cursor-created", "cursor-opened", "cursor-saved", "acked", "unmapped", "before-unlink", "segment-unlinked",
	"segment-scanned", "before-discard", "synced", "written",
}

// dropNames are the points of a life that drops: what is missing at its end
// must be in the ledger.
var dropNames = []string{"loss-saved", "compacted", "rewrite-begun", "rewrite-filled", "rewrite-renamed", "segment-unlinked"}

// TestCrashPointsDropping is T2 for DropOldest with Keep.
func TestCrashPointsDropping(t *testing.T) {
	for _, name := range dropNames {
		mark := filepath.Join(t.TempDir(), "mark")
		for _, n := range []int{1, 4} {
			dir := t.TempDir()
			appended, delivered := map[uint64]int{}, map[uint64]int{}
			for round := 1; round <= 2; round++ {
				runChild(t, childArgs{dir: dir, producers: 4, small: true, round: round, killAfter: 600e6,
					mark: mark, crashAt: fmt.Sprintf("%s:%d", name, n)}, appended, delivered)
			}
			b := open(t, dir, quiet())
			drainAll(t, b, func(e Entry) { delivered[idOf(e)]++ })
			missing := uint64(0)
			for id := range appended {
				if delivered[id] == 0 {
					missing++
				}
			}
			loss, _ := b.Loss()
			if told := loss.Counts.Total(); missing > told {
				t.Errorf("%s:%d: %d of %d missing, %d in the ledger", name, n, missing, len(appended), told)
			}
			closeBuffer(t, b)
		}
		checkReached(t, mark, name)
	}
}

// checkReached fails if no child of the row died at its point: then the row has
// shown nothing.
func checkReached(t *testing.T, mark, name string) {
	t.Helper()
	if got, err := os.ReadFile(mark); err != nil || string(got) != name {
		t.Errorf("no child died at %q: mark %q, %v", name, got, err)
	}
}

// TestCrashPoints is T2: a kill at each named point, at several of its
// passings, and again during the recovery from it; no record is lost whose
// append had returned, and nobody has to do anything by hand. Run it with
//
//	go test -tags crashpoints -run CrashPoints
func TestCrashPoints(t *testing.T) {
	times := []int{1, 3}
	if nightly() {
		times = []int{1, 2, 3, 4, 5, 7, 11, 20, 50, 100}
	}
	for _, name := range crashNames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mark := filepath.Join(t.TempDir(), "mark")
			for _, n := range times {
				crashOnce(t, name, n, mark)
			}
			checkReached(t, mark, name)
		})
	}
}

func crashOnce(t *testing.T, name string, n int, mark string) {
	t.Helper()
	dir := t.TempDir()
	appended, delivered := map[uint64]int{}, map[uint64]int{}
	a := childArgs{dir: dir, producers: 4, read: true, mark: mark, crashAt: fmt.Sprintf("%s:%d", name, n)}
	switch name {
	case "synced":
		a.durability = Power
	case "written":
		a.mode = Written
	}
	// A life that does not pass the point n times ends by the clock; the record
	// of what was appended is as good, and the row as a whole has to reach it.
	for round := 1; round <= 3; round++ {
		a.round = round
		a.killAfter = 400e6
		runChild(t, a, appended, delivered)
		a.read = !a.read
	}
	collect(t, dir, quiet(), delivered)
	checkNoneLost(t, appended, delivered)
}

// TestCrashPointsAdopting is T2 for adoption: a child leaves a sub-buffer
// behind, another one dies while it takes it over, twice.
func TestCrashPointsAdopting(t *testing.T) {
	for _, name := range []string{"adopting", "adopted"} {
		dir, mark := t.TempDir(), filepath.Join(t.TempDir(), "mark")
		appended, delivered := map[uint64]int{}, map[uint64]int{}
		lock := open(t, dir, quiet()) // so that the child has to make its own
		runChild(t, childArgs{dir: dir, producers: 4, round: 1, killAfter: 60e6}, appended, delivered)
		closeBuffer(t, lock)
		for round := 2; round <= 3; round++ {
			runChild(t, childArgs{dir: dir, producers: 4, round: round, killAfter: 400e6,
				mark: mark, crashAt: name}, appended, delivered)
		}
		checkReached(t, mark, name)
		o := testOptions()
		o.AdoptEvery = 10 * time.Millisecond
		b := open(t, dir, o)
		for deadline := time.Now().Add(10 * time.Second); len(delivered) < len(appended) && time.Now().Before(deadline); {
			drainAll(t, b, func(e Entry) { delivered[idOf(e)]++ })
		}
		checkNoneLost(t, appended, delivered)
		closeBuffer(t, b)
	}
}

// TestCrashPointsQuarantine is T2 for a file whose header says nothing: it is
// in its place or set aside, never gone, and the records of the others come.
func TestCrashPointsQuarantine(t *testing.T) {
	for _, name := range []string{"before-quarantine", "quarantined"} {
		dir, mark := t.TempDir(), filepath.Join(t.TempDir(), "mark")
		appended, delivered := map[uint64]int{}, map[uint64]int{}
		runChild(t, childArgs{dir: dir, producers: 4, round: 1, killAfter: 60e6}, appended, delivered)
		const bad = "00000000000000f0-12345678.seg"
		write(t, filepath.Join(dir, bad), bytes.Repeat([]byte("junk"), 16<<10))
		runChild(t, childArgs{dir: dir, producers: 4, round: 2, killAfter: 400e6,
			mark: mark, crashAt: name}, appended, delivered)
		checkReached(t, mark, name)
		collect(t, dir, quiet(), delivered)
		checkNoneLost(t, appended, delivered)
		if p, err := os.ReadFile(filepath.Join(dir, quarantineDir, bad)); err != nil || len(p) != 64<<10 {
			t.Errorf("%s: set aside: %d bytes, %v", name, len(p), err)
		}
	}
}
