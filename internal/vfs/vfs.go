// Package vfs is the few file operations that the buffer needs, behind an
// interface, so that tests can crash the file system and make each of its
// operations fail.
//
// Three implementations: [OS] is the real one; [Crash] keeps synced and unsynced
// state apart and can be cloned as it may look after a power cut; [Fault] wraps
// another and fails, stalls or counts chosen operations. The last two are for
// tests; OS uses nothing of theirs.
package vfs

import (
	"errors"
	"io"
	"io/fs"
)

// ErrLocked is returned by FS.Lock when another holder has the lock.
var ErrLocked = errors.New("vfs: locked by another holder")

// ErrUnsafe is returned when a path is something that must not be opened: a
// symbolic link, a FIFO, a device, a file with more than one hard link, or one
// that another user owns.
var ErrUnsafe = errors.New("vfs: not a plain file of our own")

// ErrNotSupported is returned by operations that a platform or a file system
// does not have. The caller has another way.
var ErrNotSupported = errors.New("vfs: not supported here")

// FS is a file system. Implementations are safe for concurrent use. Names are
// absolute or relative to the process's directory; the last element of a name
// is never followed if it is a symbolic link.
type FS interface {
	// MkdirAll makes a directory and its parents. The last one gets mode 0700
	// whatever the umask; one that exists is given 0700 if we own it, and
	// refused with ErrUnsafe if another user does. Parents that exist are
	// left as they are (volume mounts may be 0777 or 2770). What it makes is
	// durable once SyncDir was called for the parent of each.
	MkdirAll(dir string) error

	// Create makes a new file, 0600 whatever the umask. fs.ErrExist if there is
	// one, of whatever kind.
	Create(name string) (File, error)

	// Open opens a plain file for reading and writing, ErrUnsafe if it is
	// something else. A mode other than 0600 is repaired.
	Open(name string) (File, error)

	Remove(name string) error
	Rename(from, to string) error
	ReadDir(dir string) ([]fs.DirEntry, error)

	// SyncDir makes creations, renames and removals in dir durable.
	SyncDir(dir string) error

	// Lock takes an exclusive lock on a file, which it makes if need be, and
	// holds it until the Closer is closed or the process ends. It never waits:
	// ErrLocked if another process, or another Lock in this one, holds it. The
	// lock is not inherited by child processes.
	Lock(name string) (io.Closer, error)

	// Space says how large dir's volume is, and how much of it is left.
	Space(dir string) (Space, error)

	// Kind says what sort of volume dir is on.
	Kind(dir string) (Kind, error)
}

// File is an open file. Reads and writes may be concurrent.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer

	// Size returns the file's length.
	Size() (int64, error)

	// Allocate reserves room for size bytes and sets the length, so that later
	// writes to them cannot fail for lack of space. It never makes a file
	// shorter: a store to a mapped page behind the end kills the process. Where the file system can't,
	// it only sets the length and returns nil: the guard around mapped stores
	// stays on for that reason.
	Allocate(size int64) error

	// Sync makes the contents and the length durable. After an error the state
	// of the file on disk is unknown and stays so: never ask again.
	Sync() error

	// Map maps the first size bytes, shared, for reading and writing.
	// ErrNotSupported where mapping is not possible or not right.
	Map(size int) (Mapping, error)

	// Writeback starts writing dirty pages of the range without waiting, and
	// Evict drops clean pages of it from the page cache. Both are advice and
	// do nothing where there is no such call.
	Writeback(off, n int64) error
	Evict(off, n int64) error
}

// Mapping is a mapped file. The file may be closed before it.
type Mapping interface {
	// Bytes is the mapped memory, valid until Unmap.
	Bytes() []byte

	// Populate brings all pages in, writable, so that no store faults. Call it
	// before anybody stores: where the kernel has no call for it, each page is
	// written with a byte that was read from it.
	Populate() error

	// Unmap ends the mapping. What was stored stays in the file.
	Unmap() error
}

// Space is a volume's, in bytes, as its file system reports it to this user.
type Space struct {
	Free int64 // that this user may still write
	Size int64 // of the whole volume, or of the quota that stands for it
}

// Kind is a sort of volume. Its zero value is an ordinary local disk.
type Kind uint8

// The sorts of volume that the buffer treats differently.
const (
	Local   Kind = 0 // a disk
	Network Kind = 1 // NFS, SMB, 9p, FUSE: no mapping, no adopting
	Memory  Kind = 2 // tmpfs, ramfs: gone with the machine
)

// String returns "local", "network" or "memory".
func (k Kind) String() string {
	switch k {
	case Network:
		return "network"
	case Memory:
		return "memory"
	default:
		return "local"
	}
}
