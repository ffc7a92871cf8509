//go:build linux || darwin || freebsd

package vfs

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// T38: a lock holds between processes, and ends with its process, however that
// ends.
func TestOSLockBetweenProcesses(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	cmd := child(t, "lock", name)
	start(t, cmd)
	_, err := OS{}.Lock(name)
	wantErr(t, err, ErrLocked)
	must(t, cmd.Process.Kill())
	_, err = cmd.Process.Wait()
	must(t, err)
	l, err := OS{}.Lock(name)
	must(t, err)
	must(t, l.Close())
}

// T38: holders that remove the lock file before they let go, as the one who
// adopts a directory does, never leave two who think that they hold the lock.
func TestOSLockRemovedByHolder(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	var holders, taken atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for deadline := time.Now().Add(time.Second); taken.Load() < 2000 && time.Now().Before(deadline); {
				l, err := OS{}.Lock(name)
				if err != nil {
					if !errors.Is(err, ErrLocked) {
						t.Error(err)
					}
					continue
				}
				taken.Add(1)
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d holders", n)
				}
				runtime.Gosched()
				holders.Add(-1)
				os.Remove(name)
				l.Close()
			}
		})
	}
	wg.Wait()
	t.Logf("taken %d times", taken.Load())
}

// T38: a child that lives on does not hold its parent's lock.
func TestOSLockIsNotInherited(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	l, err := OS{}.Lock(name)
	must(t, err)
	start(t, child(t, "wait"))
	must(t, l.Close())
	l, err = OS{}.Lock(name)
	must(t, err)
	must(t, l.Close())
}
