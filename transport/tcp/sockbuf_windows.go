package tcp

import "golang.org/x/sys/windows"

// setBuffers runs before connecting: the receive buffer decides the window
// scale that the handshake offers.
func (d *Destination) setBuffers(fd uintptr) error {
	if d.SendBuffer > 0 {
		if err := windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_SNDBUF, d.SendBuffer); err != nil {
			return err
		}
	}
	if d.ReceiveBuffer > 0 {
		return windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_RCVBUF, d.ReceiveBuffer)
	}
	return nil
}
