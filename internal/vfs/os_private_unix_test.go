//go:build linux || darwin || freebsd

package vfs

import (
	"os"
	"path/filepath"
	"testing"
)

// S19, in figures: the other tests compare with the constants, and so would
// agree with whatever those say.
func TestS19_OSModeIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "own")
	must(t, OS{}.MkdirAll(dir))
	wantMode(t, dir, 0o700)
	name := filepath.Join(dir, "new")
	f, err := OS{}.Create(name)
	must(t, err)
	must(t, f.Close())
	wantMode(t, name, 0o600)
	lock, err := OS{}.Lock(filepath.Join(dir, "LOCK"))
	must(t, err)
	defer lock.Close()
	wantMode(t, filepath.Join(dir, "LOCK"), 0o600)

	wide := filepath.Join(dir, "wide")
	must(t, os.WriteFile(wide, nil, 0o600))
	must(t, os.Chmod(wide, 0o666))
	f, err = OS{}.Open(wide)
	must(t, err)
	must(t, f.Close())
	wantMode(t, wide, 0o600)
}
