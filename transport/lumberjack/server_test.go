package lumberjack_test

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
)

// event is a J frame as the stand-in for Logstash reads it, in its own way.
type event struct {
	seq  uint32
	json string
}

var errFrame = errors.New("not a frame")

// readWindow reads a whole window. packed: it was compressed.
func readWindow(r io.Reader) (events []event, packed bool, err error) {
	letter, count, err := readHeader(r)
	if err != nil {
		return nil, false, err
	}
	if letter != 'W' || count == 0 || count > 10_000 {
		return nil, false, fmt.Errorf("%q %d for a window: %w", letter, count, errFrame)
	}
	for uint32(len(events)) < count {
		letter, n, err := readHeader(r)
		if err != nil {
			return nil, packed, err
		}
		switch letter {
		case 'J':
			e, err := readEvent(r, n)
			if err != nil {
				return nil, packed, err
			}
			events = append(events, e)
		case 'C':
			packed = true
			inner, err := readPacked(io.LimitReader(r, int64(n)))
			if err != nil {
				return nil, packed, err
			}
			events = append(events, inner...)
		default:
			return nil, packed, fmt.Errorf("%q in a window: %w", letter, errFrame)
		}
	}
	if uint32(len(events)) != count {
		return nil, packed, fmt.Errorf("%d events in a window of %d: %w", len(events), count, errFrame)
	}
	return events, packed, nil
}

func readHeader(r io.Reader) (letter byte, n uint32, err error) {
	var h [6]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, 0, err
	}
	if h[0] != '2' {
		return 0, 0, fmt.Errorf("version %q: %w", h[0], errFrame)
	}
	return h[1], binary.BigEndian.Uint32(h[2:]), nil
}

func readEvent(r io.Reader, seq uint32) (event, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return event{}, err
	}
	data := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(r, data)
	return event{seq, string(data)}, err
}

// readPacked reads J frames to the end of the zlib stream, whose checksum zlib
// verifies; nothing may be behind it.
func readPacked(limited io.Reader) (events []event, err error) {
	z, err := zlib.NewReader(limited)
	if err != nil {
		return nil, err
	}
	for {
		letter, n, err := readHeader(z)
		if err == io.EOF {
			if n, _ := limited.Read(make([]byte, 1)); n > 0 {
				return nil, fmt.Errorf("bytes behind the zlib stream: %w", errFrame)
			}
			return events, nil
		}
		if err != nil {
			return nil, err
		}
		if letter != 'J' {
			return nil, fmt.Errorf("%q in a C frame: %w", letter, errFrame)
		}
		e, err := readEvent(z, n)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
}

func ack(w io.Writer, seq int) error {
	_, err := w.Write(binary.BigEndian.AppendUint32([]byte("2A"), uint32(seq)))
	return err
}

// receiver is a stand-in for Logstash. Its zero value takes everything.
type receiver struct {
	t        testing.TB
	unpacked bool                                               // windows have to come without compression
	received func(events []event)                               // nil: nothing is done
	answer   func(c net.Conn, events []event, window int) error // nil: one ack for all
}

// serve speaks to one client until it goes. Sequence numbers have to be 1, 2, 3…
// in each window.
func (r *receiver) serve(c net.Conn) {
	b := bufio.NewReader(c)
	for window := 0; ; window++ {
		events, packed, err := readWindow(b)
		if err != nil {
			if errors.Is(err, errFrame) {
				r.t.Errorf("the receiver was sent %v", err)
			}
			return
		}
		if packed == r.unpacked {
			r.t.Errorf("a window came with compression: %v", packed)
		}
		for i, e := range events {
			if e.seq != uint32(i+1) {
				r.t.Errorf("event %d of a window has the number %d", i+1, e.seq)
			}
		}
		if r.received != nil {
			r.received(events)
		}
		if r.answer != nil {
			err = r.answer(c, events, window)
		} else {
			err = ack(c, len(events))
		}
		if err != nil {
			return
		}
	}
}
