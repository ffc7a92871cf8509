package udp

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/slogship/slogship/encode"
)

// Chunking is how a record that does not fit into one datagram is spread over
// several.
type Chunking uint8

// The ways.
const (
	// NoChunks sends a record in one datagram or not at all: see Oversize.
	NoChunks Chunking = 0
	// GELF sends what is longer than MaxDatagram in up to 128 chunks of it, as
	// Graylog and others that take GELF put together again
	// (https://go2docs.graylog.org/current/getting_in_log_data/gelf_format.html).
	// The format has to be encode.GELF or another in JSON: only that, and what is
	// compressed, does not begin as a chunk does.
	GELF Chunking = 1
)

// String returns the way's name.
func (c Chunking) String() string {
	switch c {
	case NoChunks:
		return "NoChunks"
	case GELF:
		return "GELF"
	default:
		return fmt.Sprintf("Chunking(%d)", uint8(c))
	}
}

const (
	maxChunks       = 128  // receivers drop a message of more
	chunkHeader     = 12   // two bytes of magic, eight of message id, sequence number, sequence count
	gelfMaxDatagram = 8192 // what Graylog reads of a datagram unless told otherwise
)

// capacity returns how long a record may be.
func (d *Destination) capacity() int {
	if d.Chunks == GELF {
		return maxChunks * (d.MaxDatagram - chunkHeader)
	}
	return d.MaxDatagram
}

// chunks writes the record that is in buf behind room for a header. The header of
// each chunk is written over the end of the one before, which has been sent: so
// no byte of the record is copied.
//
// The message id is the random half of the record's ID. A record that is sent
// again, because a chunk of it was not, has the same id and the same chunks, and so
// completes what the receiver has of it. Receivers forget an incomplete message
// after five seconds.
func (t *sender) chunks(buf []byte, id encode.ID) error {
	piece := t.dest.MaxDatagram - chunkHeader
	count := (len(buf) - chunkHeader + piece - 1) / piece
	message := binary.BigEndian.Uint64(id[8:])
	if message == 0 {
		message = rand.Uint64() // a record without an ID; never sent by a route
	}
	for i := range count {
		header := buf[i*piece : i*piece+chunkHeader]
		header[0], header[1] = 0x1e, 0x0f
		binary.BigEndian.PutUint64(header[2:], message)
		header[10], header[11] = byte(i), byte(count)
		if err := t.datagram(buf[i*piece : min(len(buf), (i+1)*piece+chunkHeader)]); err != nil {
			return err
		}
	}
	return nil
}
