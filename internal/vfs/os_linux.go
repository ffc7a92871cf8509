package vfs

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate reserves blocks, so that a store through a mapping has one to go to.
// A file system without fallocate (NFS before 4.2, some FUSE) only gets the
// length. Not glibc's way there, which is to write a byte to each block: the
// buffer zero-fills the file next anyway.
func allocate(f *os.File, _, size int64) error {
	err := control(f, func(fd int) error { return unix.Fallocate(fd, 0, 0, size) })
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return f.Truncate(size)
	}
	return err
}

// syncData is fdatasync: contents and length, but not the times. An fsync would
// write the inode for each of them.
func syncData(f *os.File) error { return control(f, unix.Fdatasync) }

// populate asks for all pages at once (Linux 5.14). Its errors other than "no
// such advice" are what a store would have died of.
func populate(b []byte) error {
	for {
		err := unix.Madvise(b, unix.MADV_POPULATE_WRITE)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS):
			return touch(b)
		}
		return err
	}
}

// writeback has no WAIT flag: nobody waits for the device here. It neither
// writes metadata nor flushes the device's cache, so it makes nothing durable.
func writeback(f *os.File, off, n int64) error {
	return control(f, func(fd int) error {
		return unix.SyncFileRange(fd, off, n, unix.SYNC_FILE_RANGE_WRITE)
	})
}

// volumeSpace counts what an ordinary user may take: the reserve of root is not
// ours, even if we are root.
func volumeSpace(dir string) (Space, error) {
	st, err := statVolume(dir)
	if err != nil {
		return Space{}, err
	}
	// Blocks are counted in fragments where a file system has them; Bsize is
	// then the size that it likes to be written in.
	size := uint64(st.Frsize)
	if size == 0 {
		size = uint64(st.Bsize)
	}
	return Space{Free: blocksToBytes(st.Bavail, size), Size: blocksToBytes(st.Blocks, size)}, nil
}

// Magic numbers that golang.org/x/sys does not name.
const (
	lustreMagic = 0x0bd00bd0
	gpfsMagic   = 0x47504653
	vboxMagic   = 0x786f4256
	beegfsMagic = 0x19830326
)

// volumeKind goes by the magic number. An overlay (a container's own layer) is a
// disk: a written file lives in the upper layer, and mapping it works.
func volumeKind(dir string) (Kind, error) {
	st, err := statVolume(dir)
	if err != nil {
		return Local, err
	}
	return kindByMagic(uint32(st.Type)), nil
}

// kindByMagic takes FUSE for a network: what is behind it (sshfs, gcsfuse,
// virtiofs) does not say, and mapped stores may be lost or late in most.
func kindByMagic(magic uint32) Kind {
	switch magic {
	case unix.TMPFS_MAGIC, unix.RAMFS_MAGIC:
		return Memory
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC,
		unix.V9FS_MAGIC, unix.FUSE_SUPER_MAGIC, unix.CEPH_SUPER_MAGIC, unix.AFS_SUPER_MAGIC,
		unix.AFS_FS_MAGIC, unix.CODA_SUPER_MAGIC, lustreMagic, gpfsMagic, vboxMagic, beegfsMagic:
		return Network
	default:
		return Local
	}
}
