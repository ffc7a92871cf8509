//go:build linux || darwin || freebsd

package vfs

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// plant puts each thing that must not be opened at name, in a directory with a
// victim.
func plants(t *testing.T) map[string]func(name, victim string) error {
	return map[string]func(name, victim string) error{
		"symlink":           func(name, victim string) error { return os.Symlink(victim, name) },
		"relative symlink":  func(name, victim string) error { return os.Symlink(filepath.Base(victim), name) },
		"dangling symlink":  func(name, _ string) error { return os.Symlink(name+".none", name) },
		"symlink to itself": func(name, _ string) error { return os.Symlink(name, name) },
		"hard link":         func(name, victim string) error { return os.Link(victim, name) },
		"FIFO":              func(name, _ string) error { return unix.Mkfifo(name, 0o600) },
		"directory":         func(name, _ string) error { return os.Mkdir(name, 0o700) },
		"device":            func(name, _ string) error { return unix.Mknod(name, unix.S_IFCHR|0o600, nullDevice) },
		"socket": func(name, _ string) error {
			l, err := net.Listen("unix", name)
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		},
	}
}

// S20: planted things are not opened, at any place, and their target stays as
// it is. A FIFO that is opened without a partner would hang here.
func TestS20_OSPlanted(t *testing.T) {
	for kind, plant := range plants(t) {
		t.Run(kind, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "p") // short: a socket's name has 104 bytes at most
			must(t, err)
			t.Cleanup(func() { os.RemoveAll(dir) })
			victim, name := filepath.Join(dir, "victim"), filepath.Join(dir, "f")
			must(t, os.WriteFile(victim, []byte("untouched"), 0o640))
			if err := plant(name, victim); errors.Is(err, unix.EPERM) {
				t.Skip("not permitted to make it")
			} else if err != nil {
				t.Fatal(err)
			}
			_, err = OS{}.Open(name)
			wantErr(t, err, ErrUnsafe)
			_, err = OS{}.Open(name + "/")
			wantErr(t, err, ErrUnsafe)
			_, err = OS{}.Lock(name)
			wantErr(t, err, ErrUnsafe)
			_, err = OS{}.Create(name)
			wantErr(t, err, fs.ErrExist)
			wantMode(t, victim, 0o640)
			if got, err := os.ReadFile(victim); string(got) != "untouched" {
				t.Errorf("victim holds %q, %v", got, err)
			}
			if _, err := os.Lstat(name + ".none"); err == nil {
				t.Error("the target of a dangling link was made")
			}
		})
	}
	if !t.Failed() {
		t.Logf("S20: %d kinds of planted things, opened or changed 0", len(plants(t)))
	}
}

// S20: a link in the place of a directory is not followed, with or without a
// slash behind it.
func TestS20_OSPlantedDirectory(t *testing.T) {
	base := t.TempDir()
	must(t, os.Mkdir(filepath.Join(base, "victim"), 0o750))
	must(t, os.WriteFile(filepath.Join(base, "file"), nil, 0o640))
	must(t, os.Symlink("victim", filepath.Join(base, "link")))
	for _, name := range []string{"link", "link/", "file", "link/."} {
		name = filepath.Join(base, "x")[:len(base)+1] + name
		wantErr(t, OS{}.MkdirAll(name), ErrUnsafe)
		wantErr(t, OS{}.SyncDir(name), ErrUnsafe)
		_, err := OS{}.ReadDir(name)
		wantErr(t, err, ErrUnsafe)
		_, err = OS{}.Space(name)
		wantErr(t, err, ErrUnsafe)
		_, err = OS{}.Kind(name)
		wantErr(t, err, ErrUnsafe)
	}
	wantMode(t, filepath.Join(base, "victim"), 0o750)
	wantMode(t, filepath.Join(base, "file"), 0o640)
	must(t, OS{}.Remove(filepath.Join(base, "link")))
	wantMode(t, filepath.Join(base, "victim"), 0o750)
}

// S20, the race: the name is swapped between the look and the open. Whatever
// was opened must be checked itself; here it is opened without the first look.
func TestS20_OSSecondLook(t *testing.T) {
	for kind, plant := range plants(t) {
		if kind == "socket" {
			continue // its name would be too long here, and open(2) never opens one
		}
		dir := t.TempDir()
		victim, name := filepath.Join(dir, "victim"), filepath.Join(dir, "f")
		must(t, os.WriteFile(victim, nil, 0o640))
		if err := plant(name, victim); errors.Is(err, unix.EPERM) {
			continue
		}
		fd, err := open(name, openFlags, 0)
		if err == nil {
			err = secureFile(fd)
			must(t, unix.Close(fd))
		}
		if err == nil {
			t.Errorf("%s: opened", kind)
		}
		wantMode(t, victim, 0o640)
	}
}

// S20, the race as it happens: a goroutine swaps a file for a link as fast as
// it can, and no open ever gets the target.
func TestS20_OSSwappedWhileOpening(t *testing.T) {
	dir := t.TempDir()
	victim, name := filepath.Join(dir, "victim"), filepath.Join(dir, "f")
	must(t, os.WriteFile(victim, nil, 0o640))
	target, err := os.Stat(victim)
	must(t, err)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			tmp := filepath.Join(dir, "tmp")
			if i%2 == 0 {
				os.Symlink("victim", tmp)
			} else {
				os.WriteFile(tmp, nil, 0o600)
			}
			os.Rename(tmp, name)
		}
	}()
	opened, refused := 0, 0
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline) && (opened < 200 || refused < 200); {
		f, err := OS{}.Open(name)
		if err != nil {
			refused++
			continue
		}
		opened++
		if info, err := f.(*osFile).f.Stat(); err != nil || os.SameFile(info, target) {
			t.Fatalf("opened the target of the link: %v", err)
		}
		must(t, f.Close())
	}
	close(stop)
	<-stopped
	t.Logf("%d opened, %d refused", opened, refused)
	wantMode(t, victim, 0o640)
}
