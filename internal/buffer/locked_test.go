package buffer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/slogship/slogship/internal/vfs"
)

func TestLocked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "route")
	check := func(when string, want bool) {
		t.Helper()
		if got, err := Locked(vfs.OS{}, dir); got != want || err != nil {
			t.Errorf("%s: %v, %v", when, got, err)
		}
	}
	check("before", false)
	if _, err := os.Stat(dir); err == nil {
		t.Error("a directory was made to look at it")
	}
	b, err := Open(vfs.OS{}, dir, &Options{NewID: func() (id [16]byte) { return id }})
	if err != nil {
		t.Fatal(err)
	}
	check("open", true)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	check("closed", false)
	check("asked twice", false)
}

func TestFloorOfAVolume(t *testing.T) {
	for _, c := range [][3]int64{{0, 1 << 40, 64 << 20}, {0, 80 << 20, 10 << 20}, {5, 1 << 40, 5}, {-1, 1 << 40, 0}} {
		if got := Floor(c[0], c[1]); got != c[2] {
			t.Errorf("Floor(%d, %d) is %d, want %d", c[0], c[1], got, c[2])
		}
	}
}
