//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package encode

import "golang.org/x/sys/unix"

func terminalFD(fd uintptr) bool {
	_, err := unix.IoctlGetTermios(int(fd), unix.TIOCGETA)
	return err == nil
}
