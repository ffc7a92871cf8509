package vfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// OS is the file system of the operating system. Its zero value is ready.
//
// What differs from the plain os package: the last element of a name is never
// followed; a name that is not a plain file of our own is refused before it is
// opened, and again once it is open (see [ErrUnsafe]); modes are set after the
// creation, so that no umask changes them.
//
// On Windows there is no owner check and there are no modes: access follows
// from the lists that a new file inherits from its directory.
type OS struct{}

var _ FS = OS{}

// lockTries bounds how often Lock starts again because the file that it locked
// had been removed from under it. Each round needs somebody else to have
// removed the file in that very moment.
const lockTries = 16

// MkdirAll implements [FS]. It syncs nothing: to make a new directory durable,
// SyncDir its parent.
func (OS) MkdirAll(dir string) error {
	dir = filepath.Clean(dir)
	if err := makeParents(filepath.Dir(dir)); err != nil {
		return failed("make directory", dir, err)
	}
	return failed("make directory", dir, makeDir(dir))
}

// makeParents makes what is missing of dir, and leaves what is there alone:
// it may be a volume that is 0777 or 2770 for a reason, and it may be reached
// through a symbolic link. A new one is given its mode before the next is made
// in it: under a umask of 0777 it would be closed to ourselves.
func makeParents(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return unsafeFile("a parent is not a directory")
		}
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := makeParents(parent); err != nil {
			return err
		}
	}
	// Another process may make it between Stat and here. It is a parent that
	// exists then, so only a directory that this call made is touched.
	err := os.Mkdir(dir, dirMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return secureDir(dir)
}

// makeDir makes the last directory, or takes the one that is there: a second
// start finds it, with whatever mode it has been given since.
func makeDir(dir string) error {
	err := os.Mkdir(dir, dirMode)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return secureDir(dir)
}

// Create implements [FS]. The file is visible under its name before its mode is
// set, with the stricter of 0600 and what the umask leaves: never with more.
func (OS) Create(name string) (File, error) {
	f, err := createFile(filepath.Clean(name))
	if err != nil {
		return nil, failed("create", name, err)
	}
	return &osFile{f: f, name: name}, nil
}

// Open implements [FS]. There is no way to open for reading only: the buffer
// writes to whatever it reads, and a volume that turned read-only is to be
// noticed at once.
func (OS) Open(name string) (File, error) {
	f, err := openFile(filepath.Clean(name))
	if err != nil {
		return nil, failed("open", name, err)
	}
	return &osFile{f: f, name: name}, nil
}

// Remove implements [FS]. A symbolic link is removed, not its target.
func (OS) Remove(name string) error {
	return failed("remove", name, removeName(filepath.Clean(name)))
}

// Rename implements [FS]. A file at to is replaced in one step.
func (OS) Rename(from, to string) error {
	return failed("rename", from, renameName(filepath.Clean(from), filepath.Clean(to)))
}

// ReadDir implements [FS]. Entries are sorted by name.
func (OS) ReadDir(dir string) ([]fs.DirEntry, error) {
	entries, err := readDir(filepath.Clean(dir))
	return entries, failed("read directory", dir, err)
}

// SyncDir implements [FS]. Windows has no such call: NTFS writes its journal
// by itself, and the buffer promises nothing about power cuts there that
// depends on a directory.
func (OS) SyncDir(dir string) error {
	return failed("sync directory", dir, syncDir(filepath.Clean(dir)))
}

// Lock implements [FS]. The lock belongs to the open file, not to the process
// (flock, LockFileEx): fcntl's record locks would let a second Lock in this
// process through, and the first Close of any descriptor would end them all.
func (OS) Lock(name string) (io.Closer, error) {
	clean := filepath.Clean(name)
	for range lockTries {
		f, err := openOrCreate(clean)
		if err != nil {
			return nil, failed("lock", name, err)
		}
		if err := lockFile(f); err != nil {
			_ = f.Close() // the error that matters is the lock's
			return nil, failed("lock", name, err)
		}
		if sameFile(f, clean) {
			return f, nil
		}
		// Between open and lock, the previous holder removed the file and let
		// go. This lock is on a file without a name, and somebody else may
		// make and lock a new one: both would think themselves alone.
		_ = f.Close()
	}
	return nil, failed("lock", name, ErrLocked)
}

// openOrCreate opens the lock file, or makes it. Not O_CREAT without O_EXCL:
// what another made in between goes through the checks of openFile like this.
func openOrCreate(name string) (*os.File, error) {
	for range lockTries {
		f, err := openFile(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
		f, err = createFile(name)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, ErrLocked
}

// sameFile says whether an open file is still the one of that name.
func sameFile(f *os.File, name string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(name)
	return err == nil && os.SameFile(opened, named)
}

// Space implements [FS]. Quotas that the file system does not report are not
// seen: a write may fail with EDQUOT although there is room.
func (OS) Space(dir string) (Space, error) {
	s, err := volumeSpace(filepath.Clean(dir))
	return s, failed("volume space", dir, err)
}

// Kind implements [FS].
func (OS) Kind(dir string) (Kind, error) {
	k, err := volumeKind(filepath.Clean(dir))
	return k, failed("volume kind", dir, err)
}
