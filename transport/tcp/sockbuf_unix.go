//go:build unix

package tcp

import "golang.org/x/sys/unix"

// setBuffers runs before connecting: the receive buffer decides the window
// scale that the handshake offers.
func (d *Destination) setBuffers(fd uintptr) error {
	if d.SendBuffer > 0 {
		if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, d.SendBuffer); err != nil {
			return err
		}
	}
	if d.ReceiveBuffer > 0 {
		return unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, d.ReceiveBuffer)
	}
	return nil
}
