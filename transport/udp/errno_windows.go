package udp

import (
	"net"

	"golang.org/x/sys/windows"
)

// What the kernel says of a single datagram, rather than of the destination.
const (
	errMessageSize = windows.WSAEMSGSIZE
	errNoBuffers   = windows.WSAENOBUFS
)

// pending returns nil: Windows tells a refusal with the next call only.
func pending(net.Conn) error { return nil }
