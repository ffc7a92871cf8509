package tcp

import (
	"math"
	"time"

	"golang.org/x/sys/unix"
)

const (
	hasUserTimeout = true
	hasFastOpen    = true
	maxUserTimeout = math.MaxInt32 * time.Millisecond // an int of milliseconds
)

// setPlatform sets what only this system has, before connecting.
func (d *Destination) setPlatform(fd int) error {
	if d.UserTimeout > 0 {
		ms := max(int(d.UserTimeout.Milliseconds()), 1)
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, ms); err != nil {
			return err
		}
	}
	if d.FastOpen {
		return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_FASTOPEN_CONNECT, 1)
	}
	return nil
}
