package buffer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const oomLimit = 64 << 20

// childOOM appends, and when it has appended a while takes memory until
// something ends the process: with SLOGSHIP_CHILD_CGROUP the kernel, which
// kills it; otherwise the Go runtime, which cannot get more under RLIMIT_AS
// and gives up without running any deferred call.
func childOOM(b *Buffer, round uint64) {
	if group := os.Getenv("SLOGSHIP_CHILD_CGROUP"); group != "" {
		if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("0"), 0); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(6)
		}
	} else if err := limitMemory(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(6)
	}
	go childProduce(b, round<<48)
	for id := range uint64(childEnds) {
		childAppend(b, round<<48|1<<32|id)
	}
	var taken [][]byte
	for {
		p := make([]byte, 1<<20)
		for i := 0; i < len(p); i += pageSize {
			p[i] = 1
		}
		taken = append(taken, p)
		childAppend(b, round<<48|2<<32|uint64(len(taken)))
	}
}

// limitMemory leaves the process as much address space again as oomLimit.
func limitMemory() error {
	p, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	var pages uint64
	if _, err := fmt.Sscan(string(p), &pages); err != nil {
		return err
	}
	most := pages*pageSize + oomLimit
	return unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: most, Max: most})
}

// TestOutOfMemory is T11 as far as it goes without a cgroup: the runtime gets
// no more memory and ends the process where it stands.
func TestOutOfMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector's own memory does not fit under the limit")
	}
	appended, delivered := map[uint64]int{}, map[uint64]int{}
	dir := t.TempDir()
	for round := 1; round <= 2; round++ {
		runChild(t, childArgs{dir: dir, kind: "oom", exits: true, round: round}, appended, delivered)
	}
	collect(t, dir, quiet(), delivered)
	if len(appended) < 2*childEnds {
		t.Fatalf("%d appended", len(appended))
	}
	checkNoneLost(t, appended, delivered)
}

// TestOOMKill is T11: the kernel kills the process because its cgroup is out of
// memory, several lives in one directory. SLOGSHIP_CGROUP names a directory of
// the memory controller, version 1 or 2, in which the test may make a group:
//
//	mkdir /sys/fs/cgroup/memory/test
//	SLOGSHIP_CGROUP=/sys/fs/cgroup/memory/test go test -run OOMKill ./internal/buffer
//
// The test takes no group by itself: the one that it runs in is somebody's.
func TestOOMKill(t *testing.T) {
	parent := os.Getenv("SLOGSHIP_CGROUP")
	if parent == "" {
		t.Skip("SLOGSHIP_CGROUP names no cgroup of the memory controller; TestOutOfMemory is what is left of T11")
	}
	group := filepath.Join(parent, fmt.Sprint("slogship-", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(group); err != nil {
			t.Error(err)
		}
	})
	setLimit(t, group)
	t.Setenv("SLOGSHIP_CHILD_CGROUP", group)
	lives := 5
	if nightly() {
		lives = 50
	}
	for _, mode := range []Mode{Mapped, Written} {
		dir := t.TempDir()
		appended, delivered := map[uint64]int{}, map[uint64]int{}
		for i := range lives {
			before := oomKills(t, group)
			runChild(t, childArgs{dir: dir, mode: mode, kind: "oom", round: i + 1}, appended, delivered)
			if oomKills(t, group) == before {
				t.Fatal("the child died of something else")
			}
		}
		o := quiet()
		o.Mode = mode
		start := time.Now()
		s := collect(t, dir, o, delivered)
		t.Logf("mode %d: %d appended, %d kills, all read %v after the restart", mode, len(appended), lives, time.Since(start))
		if s.Corrupt != 0 {
			t.Errorf("a kill counted as damage: %+v", s)
		}
		checkNoneLost(t, appended, delivered)
	}
}

func setLimit(t *testing.T, group string) {
	t.Helper()
	for _, name := range []string{"memory.max", "memory.limit_in_bytes"} { // version 2, 1
		if os.WriteFile(filepath.Join(group, name), fmt.Append(nil, oomLimit), 0) == nil {
			return
		}
	}
	t.Fatalf("%s is no group of the memory controller", group)
}

// oomKills returns how often the kernel has killed in group.
func oomKills(t *testing.T, group string) (n int) {
	t.Helper()
	for _, name := range []string{"memory.events", "memory.oom_control"} { // version 2, 1
		p, _ := os.ReadFile(filepath.Join(group, name))
		for line := range bytes.Lines(p) {
			if rest, ok := strings.CutPrefix(string(line), "oom_kill "); ok {
				if _, err := fmt.Sscan(rest, &n); err != nil {
					t.Fatal(err)
				}
				return n
			}
		}
	}
	t.Fatalf("%s does not count kills", group)
	return 0
}
