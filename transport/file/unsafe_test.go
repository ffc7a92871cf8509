//go:build unix

package file

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/slogship/slogship/transport"
)

// withUmask sets the process's umask for a test.
func withUmask(t *testing.T, mask int) {
	t.Helper()
	old := unix.Umask(mask)
	t.Cleanup(func() { unix.Umask(old) })
}

func wantMode(t *testing.T, name string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s has mode %#o, want %#o", filepath.Base(name), got, want)
	}
}

// TestS19_Modes is S19: whatever the umask, and whatever mode the file had.
func TestS19_Modes(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		for _, mode := range []os.FileMode{0, 0o640} {
			d := dest(t)
			dir := filepath.Join(filepath.Dir(d.Path), "new", "dir")
			withUmask(t, umask)
			d.Path, d.Mode, d.MaxSize = filepath.Join(dir, "app.log"), mode, 1
			a := open(t, d)
			send(t, a, "1")
			send(t, a, "2")
			want := mode
			if mode == 0 {
				want = 0o600
			}
			wantMode(t, d.Path, want)
			wantMode(t, rotatedFiles(t, d.Path)[0].name, want)
			wantMode(t, dir, 0o700)
			a.Close()
			if err := os.Chmod(d.Path, 0o666); err != nil {
				t.Fatal(err)
			}
			send(t, open(t, Destination{Path: d.Path, Mode: mode}), "3")
			wantMode(t, d.Path, want)
		}
	}
}

// TestS20_Planted is S20: what someone planted in the file's place is not opened,
// its target is unchanged, and the records wait for better times.
func TestS20_Planted(t *testing.T) {
	target := filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(target, []byte("secret\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	plant := map[string]func(path string) error{
		"symbolic link":           func(path string) error { return os.Symlink(target, path) },
		"dangling symbolic link":  func(path string) error { return os.Symlink(target+".none", path) },
		"hard link":               func(path string) error { return os.Link(target, path) },
		"pipe":                    func(path string) error { return unix.Mkfifo(path, 0o600) },
		"directory":               func(path string) error { return os.Mkdir(path, 0o700) },
		"link to a device":        func(path string) error { return os.Symlink("/dev/full", path) },
		"link in a rotated place": nil,
	}
	for name, f := range plant {
		t.Run(name, func(t *testing.T) {
			d := dest(t)
			if f == nil {
				// Rotation goes to a name that is free, not through the link.
				testLinkAtRotatedName(t, d, target)
				return
			}
			if err := f(d.Path); err != nil {
				t.Fatal(err)
			}
			a := open(t, d)
			err := a.Send(t.Context(), batch("m"))
			if !errors.Is(err, ErrUnsafe) || transport.Classify(err, 1) != (transport.Outcome{}) {
				t.Errorf("Send returned %v, want a plain ErrUnsafe", err)
			}
			if err := os.Remove(d.Path); err != nil {
				t.Fatal(err)
			}
			send(t, a, "m")
			wantFile(t, d.Path, "m")
		})
		if b, err := os.ReadFile(target); err != nil || string(b) != "secret\n" {
			t.Fatalf("%s: the target holds %q, %v", name, b, err)
		}
		wantMode(t, target, 0o644)
	}
}

func testLinkAtRotatedName(t *testing.T, d Destination, target string) {
	d.Compress, d.Keep = true, 1
	for n := range 2 {
		if err := os.Symlink(target, rotatedName(d.Path, past(n))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(target, rotatedName(d.Path, past(2))+compressedSuffix+partSuffix); err != nil {
		t.Fatal(err)
	}
	plantOne := rotatedName(d.Path, past(3))
	if err := os.WriteFile(plantOne, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pass(t, d)
	send(t, open(t, d), "m")
}

// TestPlantedWhileOpen puts a link in the place of a file that is open.
func TestPlantedWhileOpen(t *testing.T) {
	d := dest(t)
	a := open(t, d)
	send(t, a, "1")
	target := filepath.Join(t.TempDir(), "target")
	if err := errors.Join(os.Remove(d.Path), os.Symlink(target, d.Path)); err != nil {
		t.Fatal(err)
	}
	if err := a.Send(t.Context(), batch("2")); !errors.Is(err, ErrUnsafe) {
		t.Errorf("Send returned %v", err)
	}
	if exists(target) {
		t.Errorf("the link was followed")
	}
}

// TestForeignOwner is a file that another user has put into a directory where
// that user may write. Elsewhere another owner is normal: logrotate makes files
// for a common user.
func TestForeignOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make another user's file")
	}
	for _, test := range []struct {
		dirMode os.FileMode
		refused bool
	}{{0o755, false}, {0o777, true}, {0o777 | os.ModeSticky, true}, {0o775, true}} {
		d := dest(t)
		appendRaw(t, d.Path, "")
		if err := errors.Join(os.Chown(d.Path, 12345, 12345), os.Chmod(filepath.Dir(d.Path), test.dirMode)); err != nil {
			t.Fatal(err)
		}
		err := open(t, d).Send(t.Context(), batch("m"))
		if refused := errors.Is(err, ErrUnsafe); refused != test.refused || !refused && err != nil {
			t.Errorf("directory %v: Send returned %v", test.dirMode, err)
		}
	}
}

// With Sync a new file's name is durable before the first Send that succeeds, also
// if the directory could not be synced at first.
func TestSyncAsksAgainForTheDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("permissions stop nobody")
	}
	d := dest(t)
	d.Sync = true
	a := open(t, d)
	dir := filepath.Dir(d.Path)
	if err := os.Chmod(dir, 0o300); err != nil { // can be written to, and not be opened
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	for range 3 {
		if err := a.Send(t.Context(), batch("m")); !errors.Is(err, os.ErrPermission) {
			t.Errorf("Send returned %v", err)
		}
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	send(t, a, "m")
	wantFile(t, d.Path, "m")
}
