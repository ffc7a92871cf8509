package buffer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// realCycles is how often T5 cuts the power of each file system.
const realCycles = 200

// TestPowerCutReal is T5: real file systems, each in an image behind a loop
// device, lose power under a buffer with durability Power. Nothing is lost
// whose append had returned, nothing is altered, and open is never refused.
//
// The cut is the file system's own shutdown call without a flush of its
// journal (FS_IOC_SHUTDOWN, as xfstests cuts): from that moment nothing more
// reaches the device, the page cache is lost with the unmount, and the next
// mount replays the journal. What it leaves out is a device that loses its own
// write cache, or writes half a sector: there is no device mapper to do that
// with on most machines. That half of T5 is TestPowerCut's, over the model of
// [vfs.Crash], which is stricter than any of these file systems. So T5 stands on
// both; where this test cannot run, it says why and the model stands alone.
func TestPowerCutReal(t *testing.T) {
	if !nightly() {
		t.Skip("T5 mounts file systems: with SLOGSHIP_NIGHTLY=1 only. TestPowerCut is its model")
	}
	for _, kind := range []string{"ext4", "xfs", "btrfs"} {
		for _, mode := range []Mode{Mapped, Written} {
			t.Run(fmt.Sprintf("%s/mode%d", kind, mode), func(t *testing.T) { powerCutReal(t, kind, mode) })
		}
	}
}

func powerCutReal(t *testing.T, kind string, mode Mode) {
	d := makeDisk(t, kind)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 5))
	appended, delivered := map[uint64]int{}, map[uint64]int{}
	dir := filepath.Join(d.at, "buf")
	read := func() {
		o := quiet()
		o.Mode, o.Durability = mode, Power
		s := collect(t, dir, o, delivered) // checks each record
		if s.Dropped.Total() > 0 {
			t.Fatalf("seed %d: dropped below the cap: %+v", seed, s)
		}
		checkNoneLost(t, appended, delivered)
	}
	for i := range realCycles { // a life at whose start or end the power goes
		d.mount(t)
		if i%3 == 2 { // otherwise the next life finds what two cuts have left
			read()
		}
		var cut error
		runChild(t, childArgs{dir: dir, producers: 4, mode: mode, durability: Power, read: i%2 == 1, round: i + 1,
			killAfter: time.Duration(20+rng.IntN(60)) * time.Millisecond, cut: func() { cut = d.cut() }}, appended, delivered)
		if cut != nil {
			t.Fatal("cut:", cut)
		}
		d.unmount(t)
	}
	d.mount(t)
	read()
	d.unmount(t)
	twice := 0
	for _, n := range delivered {
		if n > 1 {
			twice++
		}
	}
	t.Logf("%d cuts, %d appended, none lost, %d delivered more than once", realCycles, len(appended), twice)
}

// disk is a file system in an image, behind a loop device.
type disk struct{ kind, dev, at string }

// makeDisk makes one, or skips the test and says what is missing.
func makeDisk(t *testing.T, kind string) *disk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may mount")
	}
	dir := t.TempDir()
	image, at := filepath.Join(dir, "image"), filepath.Join(dir, "at")
	write(t, image, nil)
	if err := os.Truncate(image, 512<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs."+kind, image).CombinedOutput(); err != nil {
		t.Skipf("cannot make %s: %v: %s", kind, err, out)
	}
	out, err := exec.Command("losetup", "--find", "--show", image).Output()
	if err != nil {
		t.Skip("no loop device:", err)
	}
	d := &disk{kind: kind, dev: strings.TrimSpace(string(out)), at: at}
	t.Cleanup(func() {
		_ = unix.Unmount(at, unix.MNT_DETACH)
		if out, err := exec.Command("losetup", "--detach", d.dev).CombinedOutput(); err != nil {
			t.Errorf("losetup: %v: %s", err, out)
		}
	})
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(d.dev, at, kind, 0, ""); err != nil {
		t.Skipf("cannot mount %s: %v", kind, err)
	}
	err = d.cut()
	d.unmount(t)
	if err != nil {
		t.Skipf("this kernel cannot shut down %s: %v", kind, err)
	}
	return d
}

// mount mounts it, and again if that gave back the file system that was shut
// down: whoever made a mount name space meanwhile keeps it alive for a moment.
func (d *disk) mount(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; d.unmount(t) {
		if err := unix.Mount(d.dev, d.at, d.kind, 0, ""); err != nil {
			t.Fatal("mount:", err)
		}
		err := os.WriteFile(filepath.Join(d.at, "probe"), nil, 0o600)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("mounted, but dead:", err)
		}
	}
}

// unmount drops what the page cache had. The killed child's mappings may take a
// moment to go.
func (d *disk) unmount(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		err := unix.Unmount(d.at, 0)
		if err == nil {
			return
		}
		if err != unix.EBUSY || time.Now().After(deadline) {
			t.Fatal("unmount:", err)
		}
	}
}

// cut is the power cut: FS_IOC_SHUTDOWN with FS_SHUTDOWN_FLAGS_NOLOGFLUSH.
func (d *disk) cut() error {
	const shutdown, noLogFlush = 0x8004587d, 2
	f, err := os.Open(d.at)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.IoctlSetPointerInt(int(f.Fd()), shutdown, noLogFlush)
}
