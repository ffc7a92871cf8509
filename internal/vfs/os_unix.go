//go:build linux || darwin || freebsd

package vfs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	dirMode  = 0o700
	fileMode = 0o600

	modeBits = 0o7777 // what chmod sets: permissions, setuid, setgid, sticky

	// openFlags: O_NONBLOCK is for a FIFO or a device that takes the place of
	// the file between the check and the open: opening it must not wait.
	openFlags = unix.O_RDWR | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK
	dirFlags  = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
)

// createFile makes a file. What it finds of that name, also a link that leads
// nowhere, is fs.ErrExist by O_EXCL. The owner is not checked: it is ours, or
// what the file server makes of us.
func createFile(name string) (*os.File, error) {
	fd, err := open(name, openFlags|unix.O_CREAT|unix.O_EXCL, fileMode)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	err = unix.Fstat(fd, &st)
	if err == nil {
		err = setMode(fd, &st, fileMode)
	}
	if err != nil {
		_ = unix.Close(fd)
		_ = unix.Unlink(name) // O_EXCL: it is the one we made
		return nil, err
	}
	return newFile(fd, name)
}

// openFile opens a plain file of our own. It looks before it opens, because
// opening alone does harm to some devices (a tape rewinds, a watchdog starts),
// and looks again at what it has opened, because the name may have been given
// to another file in between. Only the second look is the safe one.
func openFile(name string) (*os.File, error) {
	var st unix.Stat_t
	if err := unix.Lstat(name, &st); err != nil {
		return nil, err
	}
	if err := checkFile(&st); err != nil {
		return nil, err
	}
	fd, err := open(name, openFlags, 0)
	if errors.Is(err, fs.ErrPermission) {
		fd, err = repairAndOpen(name, openFlags, fileMode)
	}
	if err != nil {
		return nil, refusedLink(err)
	}
	if err := secureFile(fd); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return newFile(fd, name)
}

// newFile makes an os.File of a descriptor. It blocks from here on, so that the
// runtime does not try to poll it.
func newFile(fd int, name string) (*os.File, error) {
	if err := unix.SetNonblock(fd, false); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// secureFile checks an open file and gives it its mode.
func secureFile(fd int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if err := checkFile(&st); err != nil {
		return err
	}
	return setMode(fd, &st, fileMode)
}

// secureDir checks a directory and gives it its mode.
func secureDir(dir string) error {
	fd, err := open(dir, dirFlags, 0)
	if errors.Is(err, fs.ErrPermission) {
		fd, err = repairAndOpen(dir, dirFlags, dirMode)
	}
	if err != nil {
		return notDir(dir, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if !ours(&st) {
		return foreign(&st)
	}
	return setMode(fd, &st, dirMode)
}

// repairAndOpen is for what we own but may not open: made under a umask that
// takes our own bits away, by a process that ended before it set the mode.
// There is no descriptor to change the mode by, so it is changed by name, and
// a name can be swapped for a link after the look at it. That needs another
// user with write access to the directory, and gains him no more than that a
// file of ours gets a stricter mode; what is opened is checked again.
func repairAndOpen(name string, flags int, mode uint32) (int, error) {
	var st unix.Stat_t
	if err := unix.Lstat(name, &st); err != nil {
		return -1, err
	}
	if uint32(st.Mode)&unix.S_IFMT == unix.S_IFLNK {
		return -1, unix.EACCES
	}
	if !ours(&st) {
		return -1, foreign(&st)
	}
	if err := unix.Chmod(name, mode); err != nil {
		return -1, err
	}
	return open(name, flags, 0)
}

// checkFile says whether a file is one that may be opened.
func checkFile(st *unix.Stat_t) error {
	switch kind := uint32(st.Mode) & unix.S_IFMT; {
	case kind == unix.S_IFLNK:
		return unsafeFile("symbolic link")
	case kind != unix.S_IFREG:
		return unsafeFile("not a regular file")
	case st.Nlink > 1:
		return unsafeFile("more than one hard link")
	case !ours(st):
		return foreign(st)
	}
	return nil
}

// ours goes by the effective user, as the kernel does when it makes a file.
// Root gets no exception: what another user planted is not read because root
// could.
func ours(st *unix.Stat_t) bool { return int(st.Uid) == os.Geteuid() }

// foreign names both users: "permission denied" would leave out the half of it
// that tells a pod which runs as another user than the last one from a volume
// that is not for it.
func foreign(st *unix.Stat_t) error {
	return unsafeFile(fmt.Sprintf("owned by user %d, and we are %d", st.Uid, os.Geteuid()))
}

// setMode sets a mode where it differs. Asking first spares file systems
// without modes an error for what they can't do.
func setMode(fd int, st *unix.Stat_t, mode uint32) error {
	if uint32(st.Mode)&modeBits == mode {
		return nil
	}
	return unix.Fchmod(fd, mode)
}

// refusedLink turns O_NOFOLLOW's refusal into ErrUnsafe. FreeBSD says EMLINK
// where the others say ELOOP.
func refusedLink(err error) error {
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.EMLINK) {
		return unsafeFile("symbolic link")
	}
	return err
}

// notDir turns the failure to open a directory into ErrUnsafe if something
// else has its name. ENOTDIR alone does not say so: it may mean a parent.
func notDir(dir string, err error) error {
	if info, e := os.Lstat(dir); e == nil && !info.IsDir() {
		return unsafeFile("not a directory")
	}
	return err
}

// open is open(2), again if a signal came: file servers let signals through.
func open(name string, flags int, mode uint32) (int, error) {
	for {
		fd, err := unix.Open(name, flags, mode)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// openDir opens a directory without following a link. A directory of another
// user is fine here: it may be the volume that ours is on.
func openDir(dir string) (*os.File, error) {
	fd, err := open(dir, dirFlags, 0)
	if err != nil {
		return nil, notDir(dir, err)
	}
	return os.NewFile(uintptr(fd), dir), nil
}

// readDir sorts by itself because os.ReadDir would follow a link.
func readDir(dir string) ([]fs.DirEntry, error) {
	d, err := openDir(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, err
}

// syncDir is a full fsync: fdatasync of a directory may leave out what the file
// system counts as metadata, and names are nothing else.
func syncDir(dir string) error {
	d, err := openDir(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func removeName(name string) error     { return os.Remove(name) }
func renameName(from, to string) error { return os.Rename(from, to) }

// lockFile takes flock. O_CLOEXEC keeps it out of child processes: a child
// that inherited the descriptor would hold the lock after our death.
func lockFile(f *os.File) error {
	err := control(f, func(fd int) error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}

// control calls a system call with a file's descriptor, and again if a signal
// interrupted it. The file can't be closed meanwhile. The one error that Control
// itself has is that it is closed already, and that error has no name outside
// the runtime.
func control(f *os.File, call func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	err = conn.Control(func(fd uintptr) {
		for result = call(int(fd)); errors.Is(result, syscall.EINTR); {
			result = call(int(fd))
		}
	})
	if err != nil {
		return os.ErrClosed
	}
	return result
}

// statVolume asks about an open directory, not a name, so that a link is not
// followed to another volume.
func statVolume(dir string) (unix.Statfs_t, error) {
	var st unix.Statfs_t
	d, err := openDir(dir)
	if err != nil {
		return st, err
	}
	defer d.Close()
	err = control(d, func(fd int) error { return unix.Fstatfs(fd, &st) })
	return st, err
}

// blocksToBytes multiplies, and stops at the largest number: some file servers
// report a size that only means "plenty".
func blocksToBytes(blocks, size uint64) int64 {
	const most = 1<<63 - 1
	if size == 0 || blocks > most/size {
		return most
	}
	return int64(blocks * size)
}

// kindByName is for systems that give the type of a file system as text.
func kindByName(name string, local bool) Kind {
	switch {
	case name == "tmpfs" || name == "mfs":
		return Memory
	case !local || strings.Contains(name, "fuse") || strings.HasPrefix(name, "nfs"),
		name == "smbfs", name == "9p", name == "p9fs", name == "afpfs", name == "webdav":
		return Network
	default:
		return Local
	}
}

// systemFull has nothing to add to the errors that all Unix systems share.
func systemFull(error) bool { return false }
