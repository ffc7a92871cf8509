//go:build linux || freebsd

package vfs

import (
	"os"

	"golang.org/x/sys/unix"
)

// evict drops clean pages only. Pages that somebody maps stay.
func evict(f *os.File, off, n int64) error {
	return control(f, func(fd int) error {
		return unix.Fadvise(fd, off, n, unix.FADV_DONTNEED)
	})
}
