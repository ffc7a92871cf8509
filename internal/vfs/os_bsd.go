//go:build darwin || freebsd

package vfs

import "golang.org/x/sys/unix"

func volumeKind(dir string) (Kind, error) {
	st, err := statVolume(dir)
	if err != nil {
		return Local, err
	}
	name := unix.ByteSliceToString(st.Fstypename[:])
	return kindByName(name, st.Flags&unix.MNT_LOCAL != 0), nil
}
