package lumberjack

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/slogship/slogship/internal/ackconn"
)

// Frames of version 2 begin with '2' and a letter; numbers have four bytes,
// big-endian. A window of n events, and its answer, are
//
//	2 W n
//	2 C length zlib(2 J 1 length JSON, …, 2 J n length JSON)
//	2 A sequence
//
// or the J frames without C. The whole window is within one C: go-lumber's
// server wants it so, Logstash takes it.
const (
	version        = '2'
	frameWindow    = 'W'
	frameEvent     = 'J'
	frameCompress  = 'C'
	frameAck       = 'A'
	windowLen      = 6
	eventHeaderLen = 10
	compressLen    = 6
	ackLen         = 6
)

// errProtocol is wrapped by what is wrong with a receiver's frames.
var errProtocol = errors.New("not the Beats protocol, version 2")

// appendFrame appends a frame's letter and its first number.
func appendFrame(dst []byte, letter byte, n int) []byte {
	return binary.BigEndian.AppendUint32(append(dst, version, letter), uint32(n))
}

// readAck reads the sequence number of an ack. What has come of a frame when
// the time is up stays where it is, for the Send that goes on.
func readAck(c *ackconn.Conn) (uint32, error) {
	frame, err := c.In.Peek(ackLen)
	if err != nil {
		return 0, err
	}
	if frame[0] != version || frame[1] != frameAck {
		return 0, fmt.Errorf("a frame that is no ack: %w", errProtocol)
	}
	seq := binary.BigEndian.Uint32(frame[2:])
	_, err = c.In.Discard(ackLen)
	return seq, err
}

// drain throws away acks that came behind the one that ended a window. Read
// later, one of them could pass for an answer to the next window, whose numbers
// begin with 1 again.
func drain(c *ackconn.Conn) error {
	for c.In.Buffered() > 0 {
		if c.In.Buffered() < ackLen {
			return fmt.Errorf("a part of an ack behind a window: %w", errProtocol)
		}
		if _, err := readAck(c); err != nil {
			return err
		}
	}
	return nil
}
