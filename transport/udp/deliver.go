package udp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/deadline"
	"github.com/slogship/slogship/transport"
)

// errEmpty: an empty datagram is no record.
var errEmpty = errors.New("the encoder wrote nothing")

// deliver writes the batch. It ends early if ctx is done or the kernel's queue
// is full; what was not written then goes again.
func (t *sender) deliver(ctx context.Context, recs []encode.Record) error {
	defer deadline.Writes(ctx, t.conn)()
	answers := transport.AnswersFor(len(recs))
	sent := 0
	for i := range recs {
		err := t.one(&recs[i])
		out := transport.Classify(err, 1)
		switch {
		case err == nil:
			sent++
			continue
		case out.Permanent:
			answers.Set(i, err)
			continue
		case errors.Is(err, errNoBuffers), errors.Is(err, os.ErrDeadlineExceeded):
			for ; i < len(recs); i++ {
				answers.Set(i, t.failure("send to", err))
			}
		default:
			// Which of the datagrams was refused is not known: all go again.
			return t.lose(err)
		}
		break
	}
	t.recent.sent(sent, time.Now())
	return answers.Err()
}

// one writes a single record. Permanent is about the record; everything else is
// as the socket said it.
func (t *sender) one(rec *encode.Record) error {
	p, err := t.encode(rec)
	if err != nil {
		return transport.Permanent(fmt.Errorf("udp: encode: %w", err))
	}
	if len(p) > t.dest.MaxDatagram {
		return t.chunks(t.buf, rec.ID)
	}
	return t.datagram(p)
}

// datagram writes p as one.
func (t *sender) datagram(p []byte) error {
	_, err := t.conn.Write(p)
	if errors.Is(err, errMessageSize) {
		// It may be the answer to an earlier datagram (ICMP fragmentation
		// needed), which the kernel tells with the next call, without sending.
		// Told once, it is gone.
		if _, err = t.conn.Write(p); errors.Is(err, errMessageSize) {
			return transport.Permanent(t.failure("send to", fmt.Errorf("%d bytes: %w: %w", len(p), ErrOversize, err)))
		}
	}
	return err
}

// encode returns the encoded record, which the next call overwrites. In buf there
// is room for the first chunk's header before it.
func (t *sender) encode(rec *encode.Record) ([]byte, error) {
	if cap(t.buf) > 2*maxLocalSize {
		t.buf = nil // one huge record; not worth keeping
	}
	var room [chunkHeader]byte
	buf, err := t.dest.Encoder.AppendRecord(append(t.buf[:0], room[:]...), rec)
	if err != nil {
		return nil, err
	}
	t.buf = buf
	most := t.dest.capacity()
	switch p := buf[chunkHeader:]; {
	case len(p) == 0:
		return nil, errEmpty
	case len(p) <= most:
		return p, nil
	case t.dest.Oversize == Truncate:
		p = truncate(p, most)
		t.buf = buf[:chunkHeader+len(p)]
		return p, nil
	default:
		return nil, fmt.Errorf("%d bytes, at most %d in datagrams of MaxDatagram %d: %w", len(p), most, t.dest.MaxDatagram, ErrOversize)
	}
}

// truncate cuts p to at most n bytes, before a character rather than in it.
// Bytes that are not UTF-8 are cut anywhere.
func truncate(p []byte, n int) []byte {
	for back := range min(utf8.UTFMax, n) {
		if utf8.RuneStart(p[n-back]) {
			return p[:n-back]
		}
	}
	return p[:n]
}
