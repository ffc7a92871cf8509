package handler_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func addMoments(m map[string]moment) {
	m["throttled"], m["stopped"] = moment{pass: throttled}, moment{pass: stopped}
	m["nearly full disk"] = moment{"size=12m", nearlyFull}
}

// stopped is SIGSTOP. Half of the children are killed in it, the others just
// after they were let go: the stop may have come between any two instructions.
func stopped(_ *testing.T, child *exec.Cmd, _ string, rng *rand.Rand) func() {
	_ = child.Process.Signal(syscall.SIGSTOP)
	time.Sleep(time.Duration(rng.IntN(60)) * time.Millisecond)
	if rng.IntN(2) == 0 {
		_ = child.Process.Signal(syscall.SIGCONT)
	}
	return func() {}
}

// throttled takes the processors away: the child's threads get the lowest
// priority, and this process keeps every processor busy.
func throttled(t *testing.T, child *exec.Cmd, _ string, rng *rand.Rand) func() {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", child.Process.Pid))
	if err != nil {
		t.Error(err)
	}
	for _, thread := range threads { // those to come inherit it
		id, _ := strconv.Atoi(thread.Name())
		if err := unix.Setpriority(unix.PRIO_PROCESS, id, 19); err != nil && !errors.Is(err, unix.ESRCH) {
			t.Error(err)
		}
	}
	var over atomic.Bool
	for range runtime.NumCPU() {
		go func() {
			for !over.Load() {
			}
		}()
	}
	time.Sleep(time.Duration(rng.IntN(60)) * time.Millisecond)
	return func() { over.Store(true) }
}

// nearlyFull leaves a few pages of the volume, often none. They stay filled
// while the next ones live and when the last handler delivers.
func nearlyFull(t *testing.T, _ *exec.Cmd, dir string, rng *rand.Rand) func() {
	var volume unix.Statfs_t
	if err := unix.Statfs(dir, &volume); err != nil || volume.Type != unix.TMPFS_MAGIC {
		t.Error("this row needs a volume of its own", err)
		return func() {}
	}
	f, err := os.OpenFile(filepath.Join(dir, fillerName), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Error(err)
		return func() {}
	}
	defer f.Close()
	left := int64(rng.IntN(64) * 4096)
	for page := make([]byte, 4096); ; {
		if err := unix.Statfs(dir, &volume); err != nil || int64(volume.Bavail)*volume.Bsize <= left {
			return func() {}
		}
		if _, err := f.Write(page); err != nil {
			return func() {} // the child has taken the last page
		}
	}
}
