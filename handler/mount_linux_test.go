package handler_test

import (
	"testing"

	"golang.org/x/sys/unix"
)

// mount puts a tmpfs at dir, or skips the test: only root may.
func mount(t *testing.T, dir, options string) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("this needs a volume of its own, and a tmpfs cannot be mounted: %v", err)
	}
	t.Cleanup(func() { unmount(dir) })
}

// unmount does nothing if nothing is mounted.
func unmount(dir string) { _ = unix.Unmount(dir, unix.MNT_DETACH) }

// resize changes the options of what is mounted at dir.
func resize(t *testing.T, dir, options string) {
	t.Helper()
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT, options); err != nil {
		t.Fatal(err)
	}
}
