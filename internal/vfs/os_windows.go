package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"
)

// dirMode is for os.Mkdir, which ignores it here.
const dirMode = 0o700

// nameTries bounds how often a rename or a removal is tried: a virus scanner or
// an indexer that has the file open lets go within milliseconds. The waits
// double from 1 ms: 63 ms in all.
const nameTries = 7

// access and share: other handles may read, write, rename and remove, as on
// the other systems. The default share mode would make our own removal fail
// while the reader has the file open.
const (
	access = windows.GENERIC_READ | windows.GENERIC_WRITE
	share  = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
)

func createFile(name string) (*os.File, error) { return open(name, windows.CREATE_NEW) }
func openFile(name string) (*os.File, error)   { return open(name, windows.OPEN_EXISTING) }

// open does not follow a reparse point (a symbolic link or junction): it opens
// the point itself, and the check refuses it. nil security attributes mean that
// child processes don't inherit the handle.
func open(name string, disposition uint32) (*os.File, error) {
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(path, access, share, nil, disposition,
		windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return nil, notFile(name, err)
	}
	if err := checkHandle(h); err != nil {
		_ = windows.CloseHandle(h)
		return nil, err
	}
	return os.NewFile(uintptr(h), name), nil
}

// notFile names what CreateFile calls a lack of access: a directory.
func notFile(name string, err error) error {
	if info, e := os.Lstat(name); e == nil && !info.Mode().IsRegular() && !errors.Is(err, fs.ErrExist) {
		return unsafeFile("not a regular file")
	}
	return err
}

func checkHandle(h windows.Handle) error {
	kind, err := windows.GetFileType(h)
	if err != nil {
		return err
	}
	if kind != windows.FILE_TYPE_DISK {
		return unsafeFile("not a regular file")
	}
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &info); err != nil {
		return err
	}
	switch {
	case info.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0:
		return unsafeFile("reparse point")
	case info.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY != 0:
		return unsafeFile("directory")
	case info.NumberOfLinks > 1:
		return unsafeFile("more than one hard link")
	}
	return nil
}

// secureDir only checks that it is a directory and not a link to one.
func secureDir(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return unsafeFile("not a directory")
	}
	return nil
}

func readDir(dir string) ([]fs.DirEntry, error) {
	if err := secureDir(dir); err != nil {
		return nil, err
	}
	return os.ReadDir(dir)
}

func syncDir(dir string) error { return secureDir(dir) }

func removeName(name string) error {
	return retryName(func() error { return os.Remove(name) })
}

func renameName(from, to string) error {
	return retryName(func() error { return os.Rename(from, to) })
}

func retryName(call func() error) error {
	err := call()
	for i := 0; i+1 < nameTries && inUse(err); i++ {
		time.Sleep(time.Millisecond << i)
		err = call()
	}
	return err
}

// inUse says whether an error may pass: access is also denied for a name whose
// removal waits for the last handle.
func inUse(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) ||
		errors.Is(err, windows.ERROR_LOCK_VIOLATION) ||
		errors.Is(err, windows.ERROR_ACCESS_DENIED)
}

// lockFile locks one byte far behind the end: locks forbid reading here, and
// somebody may want to see what is in the file.
func lockFile(f *os.File) error {
	at := windows.Overlapped{Offset: 0xfffffffe, OffsetHigh: 0x7fffffff}
	err := control(f, func(h windows.Handle) error {
		return windows.LockFileEx(h, windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return ErrLocked
	}
	return err
}

// control calls a system call with a file's handle. The one error that Control
// itself has is that the file is closed, and it has no name outside the runtime.
func control(f *os.File, call func(h windows.Handle) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	err = conn.Control(func(fd uintptr) { result = call(windows.Handle(fd)) })
	if err != nil {
		return os.ErrClosed
	}
	return result
}

func allocate(f *os.File, _, size int64) error { return f.Truncate(size) }
func syncData(f *os.File) error                { return f.Sync() }
func writeback(*os.File, int64, int64) error   { return nil }
func evict(*os.File, int64, int64) error       { return nil }

// mapFile refuses: a mapped file can be neither renamed nor removed here.
func mapFile(*os.File, int) (Mapping, error) { return nil, ErrNotSupported }

// volumeSpace is of this user's quota, where there is one.
func volumeSpace(dir string) (Space, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return Space{}, err
	}
	var free, size uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, &size, nil); err != nil {
		return Space{}, err
	}
	return Space{Free: int64(min(free, 1<<63-1)), Size: int64(min(size, 1<<63-1))}, nil
}

func volumeKind(dir string) (Kind, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return Local, err
	}
	path, err := windows.UTF16PtrFromString(full)
	if err != nil {
		return Local, err
	}
	root := make([]uint16, windows.MAX_LONG_PATH)
	if err := windows.GetVolumePathName(path, &root[0], uint32(len(root))); err != nil {
		return Local, err
	}
	switch windows.GetDriveType(&root[0]) {
	case windows.DRIVE_REMOTE:
		return Network, nil
	case windows.DRIVE_RAMDISK:
		return Memory, nil
	default:
		return Local, nil
	}
}

// systemFull knows Windows' own numbers. syscall.ENOSPC is one that Go has made
// up for it, and that no call returns.
func systemFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}
