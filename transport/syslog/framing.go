package syslog

import (
	"fmt"

	"github.com/slogship/slogship/transport/tcp"
)

// Framing is how one message is told from the next on a stream.
type Framing uint8

// The framings.
const (
	// FramingDefault is OctetCounted over TCP and TLS, where RFC 5425 §4.3 wants
	// it, and Newline on a local stream, where daemons want that.
	FramingDefault Framing = 0
	// OctetCounted writes the message's length before it (RFC 6587 §3.4.1).
	OctetCounted Framing = 1
	// Newline ends each message with LF (RFC 6587 §3.4.2), for receivers that
	// know nothing else.
	Newline Framing = 2
)

// String returns the framing's name.
func (f Framing) String() string {
	switch f {
	case FramingDefault:
		return "FramingDefault"
	case OctetCounted:
		return "OctetCounted"
	case Newline:
		return "Newline"
	default:
		return fmt.Sprintf("Framing(%d)", uint8(f))
	}
}

// stream returns the same for package tcp.
func (f Framing) stream(local bool) tcp.Framing {
	if f == Newline || f == FramingDefault && local {
		return tcp.Newline
	}
	return tcp.OctetCounted
}
