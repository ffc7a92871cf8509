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

// crashTests are the tests of the sorts of life in crashRows. Each kills at
// the point of the name, more than once, and again during the recovery from
// it; mark is the file that a child leaves which died there.
var crashTests = map[string]func(t *testing.T, name, mark string, life time.Duration){
	"life": func(t *testing.T, name, mark string, life time.Duration) {
		crashLives(t, childArgs{read: true}, name, mark, life)
	},
	"power": func(t *testing.T, name, mark string, life time.Duration) {
		crashLives(t, childArgs{read: true, durability: Power}, name, mark, life)
	},
	"written": func(t *testing.T, name, mark string, life time.Duration) {
		crashLives(t, childArgs{read: true, mode: Written}, name, mark, life)
	},
	"rescue": func(t *testing.T, name, mark string, life time.Duration) {
		crashLives(t, childArgs{read: true, durability: Power, failSyncs: true}, name, mark, life)
		crashLives(t, childArgs{durability: Power, failSyncs: true, mode: Written}, name, mark, life)
	},
	"drop":       crashDropping,
	"adopt":      crashAdopting,
	"ledger":     crashLedger,
	"report":     crashReport,
	"quarantine": crashQuarantine,
	"move":       crashMoving,
}

// TestCrashPoints is T2: a kill at each named point, at several of its
// passings, and again during the recovery from it; no record is lost whose
// append had returned, and nobody has to do anything by hand. Run it with
//
//	go test -tags crashpoints -run CrashPoints
func TestCrashPoints(t *testing.T) {
	for kind, names := range crashRows {
		for _, name := range names {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				mark := filepath.Join(t.TempDir(), "mark")
				// A busy machine may not come to the point in a short life.
				for life := 400 * time.Millisecond; life < 5*time.Second && !reached(mark, name); life *= 3 {
					crashTests[kind](t, name, mark, life)
				}
				checkReached(t, mark, name)
			})
		}
	}
}

// crashTimes says at which passings of a point to kill.
func crashTimes() []int {
	if nightly() {
		return []int{1, 2, 3, 4, 5, 7, 11, 20, 50, 100}
	}
	return []int{1, 3}
}

func reached(mark, name string) bool {
	got, err := os.ReadFile(mark)
	return err == nil && string(got) == name
}

// checkReached fails if no child of the row died at its point: then the row has
// shown nothing.
func checkReached(t *testing.T, mark, name string) {
	t.Helper()
	if !reached(mark, name) {
		t.Errorf("no child died at %q", name)
	}
}

func crashLives(t *testing.T, a childArgs, name, mark string, life time.Duration) {
	t.Helper()
	for _, n := range crashTimes() {
		a.dir, a.producers, a.mark, a.crashAt = t.TempDir(), 4, mark, fmt.Sprintf("%s:%d", name, n)
		appended, delivered := map[uint64]int{}, map[uint64]int{}
		// A life that does not pass the point n times ends by the clock; the
		// record of what was appended is as good, and the row as a whole has to
		// reach it.
		for round := 1; round <= 3; round++ {
			a.round, a.killAfter = round, life
			runChild(t, a, appended, delivered)
			a.read = !a.read
		}
		o := quiet()
		o.Mode = a.mode
		collect(t, a.dir, o, delivered)
		checkNoneLost(t, appended, delivered)
	}
}

// crashDropping is T2 for DropOldest with Keep: what is missing at the end must
// be in the ledger.
func crashDropping(t *testing.T, name, mark string, life time.Duration) {
	t.Helper()
	for _, n := range []int{1, 4} {
		dir := t.TempDir()
		appended, delivered := map[uint64]int{}, map[uint64]int{}
		for round := 1; round <= 2; round++ {
			runChild(t, childArgs{dir: dir, producers: 4, small: true, round: round, killAfter: life,
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
}

// crashAdopting is T2 for adoption: a child leaves a sub-buffer behind, another
// one dies while it takes it over, twice.
func crashAdopting(t *testing.T, name, mark string, life time.Duration) {
	t.Helper()
	dir := t.TempDir()
	appended, delivered := map[uint64]int{}, map[uint64]int{}
	lock := open(t, dir, quiet()) // so that the child has to make its own
	runChild(t, childArgs{dir: dir, producers: 4, round: 1, killAfter: 60 * time.Millisecond, fromFirst: true}, appended, delivered)
	closeBuffer(t, lock)
	for round := 2; round <= 3; round++ {
		runChild(t, childArgs{dir: dir, producers: 4, round: round, killAfter: life,
			mark: mark, crashAt: name}, appended, delivered)
	}
	closeBuffer(t, adoptRest(t, dir, appended, delivered))
}

// adoptRest opens dir and drains it until all that was appended there or in a
// sub-buffer has come.
func adoptRest(t *testing.T, dir string, appended, delivered map[uint64]int) *Buffer {
	t.Helper()
	o := testOptions()
	o.AdoptEvery = 10 * time.Millisecond
	b := open(t, dir, o)
	for deadline := time.Now().Add(10 * time.Second); len(delivered) < len(appended) && time.Now().Before(deadline); {
		drainAll(t, b, func(e Entry) { delivered[idOf(e)]++ })
	}
	checkNoneLost(t, appended, delivered)
	return b
}

// crashLedger is T2 between the two saves of a ledger that changes hands: what
// the dead process had lost is reported, by each life that took it over
// at most once, and is gone when it was reported.
func crashLedger(t *testing.T, name, mark string, life time.Duration) {
	t.Helper()
	dir := t.TempDir()
	appended, delivered := map[uint64]int{}, map[uint64]int{}
	lock := open(t, dir, quiet())
	runChild(t, childArgs{dir: dir, kind: "lose", round: 1, crashAt: "loss-frozen"}, appended, delivered)
	closeBuffer(t, lock)
	lives := uint64(2)
	for round := range int(lives) {
		runChild(t, childArgs{dir: dir, producers: 4, round: round + 2, killAfter: 5 * time.Second,
			mark: mark, crashAt: name}, appended, delivered)
	}
	b := adoptRest(t, dir, appended, delivered)
	l, ok := b.Loss()
	if n := l.Counts[TooOld][2]; !ok || n < childLosses || n > (lives+1)*childLosses || n != l.Counts.Total() {
		t.Errorf("%d lost, %d adopting lives, reported: %+v", childLosses, lives+1, l)
	}
	b.Reported(l.ID)
	closeBuffer(t, b)
	b = adoptRest(t, dir, nil, delivered)
	if l, ok := b.Loss(); ok {
		t.Errorf("reported and still there: %+v", l)
	}
	closeBuffer(t, b)
}

// crashReport is T2 between the freezing of a report and its delivery: the
// same report, with its ID, comes from the next life, and no loss is missing
// or in two reports.
func crashReport(t *testing.T, name, mark string, life time.Duration) {
	t.Helper()
	for _, n := range crashTimes() {
		dir := t.TempDir()
		none := map[uint64]int{}
		check := func(id byte, count uint64) {
			t.Helper()
			b := open(t, dir, quiet())
			l, ok := b.Loss()
			if !ok || l.ID != newID16(uint64(id)) || l.Counts.Total() != count || l.Counts[TooOld][2] != count {
				t.Errorf("%s:%d: want report %d of %d losses: %+v", name, n, id, count, l)
			}
			closeBuffer(t, b)
		}
		runChild(t, childArgs{dir: dir, kind: "lose", round: 1, mark: mark, crashAt: fmt.Sprintf("%s:%d", name, n)}, none, none)
		check(byte(n), childLosses)
		// The next life is handed that report first. It loses as many before it
		// has delivered it, and dies with both in its own first report.
		runChild(t, childArgs{dir: dir, kind: "lose", round: 2, mark: mark, crashAt: name}, none, none)
		check(1, 2*childLosses)
	}
}

// newID16 is the n-th id of newID.
func newID16(n uint64) (id [16]byte) {
	next := newID()
	for range n {
		id = next()
	}
	return id
}

// crashMoving is T2 for Move: the directory has one of its names, with all that
// was in it.
func crashMoving(t *testing.T, name, mark string, life time.Duration) {
	t.Helper()
	for _, n := range crashTimes() {
		movingLives(t, 3, func(int) childArgs {
			return childArgs{killAfter: life, mark: mark, crashAt: fmt.Sprintf("%s:%d", name, n)}
		})
	}
}

// crashQuarantine is T2 for a file whose header says nothing: it is in its
// place or set aside, never gone, and the records of the others come.
func crashQuarantine(t *testing.T, name, mark string, life time.Duration) {
	t.Helper()
	dir := t.TempDir()
	appended, delivered := map[uint64]int{}, map[uint64]int{}
	runChild(t, childArgs{dir: dir, producers: 4, round: 1, killAfter: 60 * time.Millisecond, fromFirst: true}, appended, delivered)
	const bad = "00000000000000f0-12345678.seg"
	write(t, filepath.Join(dir, bad), bytes.Repeat([]byte("junk"), 16<<10))
	runChild(t, childArgs{dir: dir, producers: 4, round: 2, killAfter: life,
		mark: mark, crashAt: name}, appended, delivered)
	collect(t, dir, quiet(), delivered)
	checkNoneLost(t, appended, delivered)
	if p, err := os.ReadFile(filepath.Join(dir, quarantineDir, bad)); err != nil || len(p) != 64<<10 {
		t.Errorf("%s: set aside: %d bytes, %v", name, len(p), err)
	}
}
