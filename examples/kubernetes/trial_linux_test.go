package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTrial is what README.md's table says, tried on the kernel that this runs
// on: volumes are mounts, containers are processes of an unprivileged user on a
// read-only root, and kubelet is this test.
func TestTrial(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the trial mounts volumes and runs as another user: run it as root, go test -c && sudo ./kubernetes.test")
	}
	if os.Getenv("SLOGSHIP_TRIAL") == "" {
		unshared(t)
		return
	}
	img := image(t)
	for _, c := range []struct {
		name string
		try  func(*testing.T, string)
	}{
		{"container restart", tryRestart},
		{"fsGroup applied again", tryFSGroup},
		{"pod deleted", tryPodDeleted},
		{"two pods, one volume", tryShared},
		{"another user", tryForeign},
		{"volume of root", tryRootOwned},
		{"small memory volume", trySmall},
		{"memory limit", tryMemoryLimit},
	} {
		t.Run(c.name, func(t *testing.T) { c.try(t, img) })
	}
}

// unshared runs the trial in a mount namespace of its own: whatever happens to
// it, no mount stays behind.
func unshared(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestTrial$", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), "SLOGSHIP_TRIAL=inside")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("the trial needs a mount namespace, which this root may not make (CAP_SYS_ADMIN)")
	}
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// emptyDir is a volume as kubelet makes it for a pod with an fsGroup.
func emptyDir(t *testing.T) string { return volume(t, 0, fsGroup, 0o2777) }

// arrived waits until the collector has all items of the order.
func arrived(t *testing.T, to *collector, order string, items int) {
	t.Helper()
	eventually(t, "order "+order+" arrives", 20*time.Second, func() bool {
		came, _ := to.has(order, items)
		return came == items
	})
}

// wantModes checks that nobody but the user can read what is on the volume.
func wantModes(t *testing.T, vol string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(vol, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == vol {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := uint32(0o600)
		if d.IsDir() {
			want = 0o700
		} else {
			files++
		}
		st := info.Sys().(*syscall.Stat_t)
		if st.Mode&0o7777 != want || st.Uid != appUser {
			t.Errorf("%s: mode %o of user %d", path, st.Mode&0o7777, st.Uid)
		}
		return nil
	})
	if err != nil || files < 2 { // the lock and the cursor are always there
		t.Errorf("%d files: %v", files, err)
	}
}

// The process is killed, as by the OOM killer or a failed liveness probe that
// outlasts the grace period; the container is started again on the same volume.
func tryRestart(t *testing.T, img string) {
	vol, to := emptyDir(t), newCollector(t)
	c := up(t, img, pod{name: "shop-1", volume: vol, to: away(t)})
	c.order(t, "before", 5000, "")
	wantModes(t, vol)
	c.kill()
	c = up(t, img, pod{name: "shop-1", volume: vol, to: to.url})
	arrived(t, to, "before", 5000)
	c.order(t, "after", 1, "")
	c.terminate(t)
	arrived(t, to, "after", 1) // by Close
	wantModes(t, vol)
}

// kubelet gives the files of a volume to the fsGroup each time it mounts it
// (fsGroupChangePolicy Always): group readable and writable, directories setgid.
func tryFSGroup(t *testing.T, img string) {
	vol, to := volume(t, 0, fsGroup, 0o2775), newCollector(t)
	c := up(t, img, pod{name: "shop-0", volume: vol, to: away(t)})
	c.order(t, "before", 100, "")
	c.kill()
	err := filepath.WalkDir(vol, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := uint32(0o660)
		if d.IsDir() {
			mode = 0o2770
		}
		return errors.Join(os.Lchown(path, -1, fsGroup), syscall.Chmod(path, mode))
	})
	if err != nil {
		t.Fatal(err)
	}
	up(t, img, pod{name: "shop-0", volume: vol, to: to.url})
	arrived(t, to, "before", 100)
	wantModes(t, vol)
}

// A pod that is deleted gets SIGTERM. What its emptyDir would take along goes to
// stdout, line by line.
func tryPodDeleted(t *testing.T, img string) {
	vol := emptyDir(t)
	c := up(t, img, pod{name: "shop-1", volume: vol, to: away(t), env: []string{"LEFTOVER=true"}})
	c.order(t, "last", 300, "")
	c.terminate(t)
	if n := strings.Count(strings.Join(c.stdout, "\n"), `"order":"last"`); n != 300 {
		t.Errorf("%d of 300 records on stdout", n)
	}
	// Without that the volume keeps them, and only Close's report says so.
	c = up(t, img, pod{name: "shop-2", volume: emptyDir(t), to: away(t)})
	c.order(t, "last", 300, "")
	c.terminate(t)
	if !strings.Contains(c.stderr.String(), "300 records stay on the volume") {
		t.Errorf("stderr: %s", c.stderr.String())
	}
}

// Two pods of a service on one node share a hostPath, as during a rolling
// update. Each has a buffer of its own; what a dead one leaves the next takes.
func tryShared(t *testing.T, img string) {
	vol, to := emptyDir(t), newCollector(t)
	first := up(t, img, pod{name: "shop-1", volume: vol, to: to.url})
	first.order(t, "one", 100, "")
	arrived(t, to, "one", 100)
	second := up(t, img, pod{name: "shop-2", volume: vol, to: away(t)})
	if s := second.stats(t); !s.SubBuffer || s.Recovered != 0 {
		t.Errorf("the second pod: sub-buffer %v, recovered %d", s.SubBuffer, s.Recovered)
	}
	second.order(t, "two", 100, "")
	second.kill()
	up(t, img, pod{name: "shop-3", volume: vol, to: to.url})
	arrived(t, to, "two", 100)
	if by := to.loggedBy("two"); by != "shop-2" {
		t.Errorf("the backlog says that %q logged it", by)
	}
	if _, twice := to.has("one", 100); twice != 0 {
		t.Errorf("%d records of a living pod were sent by another", twice)
	}
	if os.Getenv("SLOGSHIP_NIGHTLY") == "" {
		return // what follows waits for a look that is taken every 30 s
	}
	fourth := up(t, img, pod{name: "shop-4", volume: vol, to: away(t)})
	fourth.order(t, "four", 100, "")
	fourth.kill()
	eventually(t, "a running pod takes over", 45*time.Second, func() bool {
		came, _ := to.has("four", 100)
		return came == 100
	})
}

// A volume that a pod of another user wrote to is refused at the start, by name,
// and left as it is.
func tryForeign(t *testing.T, img string) {
	vol, to := emptyDir(t), newCollector(t)
	c := up(t, img, pod{name: "shop-1", volume: vol, to: away(t)})
	c.order(t, "mine", 100, "")
	c.kill()
	c, err := start(t, img, pod{name: "shop-2", volume: vol, uid: appUser + 1, to: to.url})
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("as another user: %v\n%s", err, c.stderr.String())
	}
	t.Logf("as another user: %s", c.stderr.String())
	wantModes(t, vol)
	up(t, img, pod{name: "shop-3", volume: vol, to: to.url})
	arrived(t, to, "mine", 100)
}

// A hostPath is root's, and no fsGroup changes that.
func tryRootOwned(t *testing.T, img string) {
	vol := volume(t, 0, 0, 0o755)
	c, err := start(t, img, pod{name: "shop-1", volume: vol, to: away(t)})
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("on a volume of root: %v\n%s", err, c.stderr.String())
	}
	t.Logf("on a volume of root: %s", c.stderr.String())
	// Not even that, but the root itself: STATE_DIRECTORY was forgotten.
	c, err = start(t, img, pod{name: "shop-1", volume: vol, to: away(t), env: []string{"STATE_DIRECTORY=", "HOME=/home/nonroot"}})
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("without STATE_DIRECTORY: %v\n%s", err, c.stderr.String())
	}
	t.Logf("without STATE_DIRECTORY: %s", c.stderr.String())
	// What the manifest's init container does.
	if err := os.Chown(vol, appUser, appUser); err != nil {
		t.Fatal(err)
	}
	up(t, img, pod{name: "shop-2", volume: vol, to: away(t)}).order(t, "x", 1, "")
}

// A volume of less than 512 MiB keeps an eighth of itself free, so a small one
// needs no MinFree of its own. What a container restart leaves there is kept.
func trySmall(t *testing.T, img string) {
	to, vol := newCollector(t), t.TempDir()
	if err := syscall.Mount("tmpfs", vol, "tmpfs", 0, "size=32m,mode=2777,gid=65532"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Unmount(vol, syscall.MNT_DETACH) })
	c := up(t, img, pod{name: "shop-1", volume: vol, to: away(t)})
	c.order(t, "fits", 1000, "")
	if s := c.stats(t); s.Logged != 1000 || s.Dropped.Total() != 0 {
		t.Errorf("logged %d, dropped %v", s.Logged, s.Dropped)
	}
	c.kill()
	up(t, img, pod{name: "shop-1", volume: vol, to: to.url})
	arrived(t, to, "fits", 1000)
}
