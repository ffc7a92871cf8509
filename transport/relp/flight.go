package relp

import (
	"errors"
	"fmt"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// chunkSize is about how much is written with one call.
const chunkSize = 64 << 10

// Errors of a single record. All are permanent.
var (
	errEmpty   = errors.New("the encoder wrote nothing")
	errLong    = errors.New("longer than MaxMessage")
	errRefused = errors.New("the receiver refused the record")
)

// errCode is for an answer that is neither 200 nor 500: nobody knows what it
// means, so the record goes again.
var errCode = errors.New("the receiver gave an answer that is not known")

// flight is one Send's way through a session: which commands are out, and what
// was said of their records. At most window of them are unanswered at a time.
//
// Reading and writing take turns on one goroutine. They could only wait for each
// other if answers to a whole window did not fit the connection's buffers; a
// thousand answers have 20 KiB.
type flight struct {
	session *session
	dest    *Destination
	recs    []encode.Record
	answers transport.Answers

	first   txnr   // of the first record's command
	sent    []int  // by command, counted from first: the index of its record, or answered
	next    int    // the record to be encoded next
	waiting int    // commands without an answer
	heard   bool   // some record has an answer of the receiver's
	buf     []byte // reused
}

// answered marks a command in flight.sent.
const answered = -1

// run returns nil when each record has an answer.
func (f *flight) run() error {
	f.first = f.session.last.next()
	for f.next < len(f.recs) || f.waiting > 0 {
		if err := f.fill(); err != nil {
			return err
		}
		if f.waiting == 0 {
			continue // the encoder refused them all
		}
		if err := f.take(); err != nil {
			return err
		}
	}
	return nil
}

// fill sends until the window is full. With more than half of it out it is
// left alone: else each answer would be followed by a write of one record.
func (f *flight) fill() error {
	if f.waiting > f.dest.Window/2 {
		return nil
	}
	for f.next < len(f.recs) && f.waiting < f.dest.Window {
		f.encode()
		if len(f.buf) == 0 {
			continue
		}
		if _, err := f.session.Write(f.buf); err != nil {
			return err
		}
	}
	return nil
}

// encode makes frames of the next records, up to a chunk.
func (f *flight) encode() {
	if cap(f.buf) > 4*chunkSize {
		f.buf = nil // one huge record; not worth keeping
	}
	f.buf = f.buf[:0]
	for f.next < len(f.recs) && f.waiting < f.dest.Window && len(f.buf) < chunkSize {
		if err := f.appendFrame(&f.recs[f.next]); err != nil {
			f.answers.Set(f.next, transport.Permanent(fmt.Errorf("relp: encode: %w", err)))
		} else {
			f.sent = append(f.sent, f.next)
			f.waiting++
		}
		f.next++
	}
}

// appendFrame appends rec's command. The header is as long as the length says,
// which is known last; so the record is encoded behind room for the longest
// header and moved up to the real one: a memmove, against encoding it twice.
func (f *flight) appendFrame(rec *encode.Record) error {
	start := len(f.buf)
	var room [maxHeader]byte
	buf, err := f.dest.Encoder.AppendRecord(append(f.buf, room[:]...), rec)
	if err != nil {
		return err
	}
	f.buf = buf[:start] // grown; on an error below, without the record
	body := buf[start+maxHeader:]
	switch {
	case len(body) == 0:
		return errEmpty
	case len(body) > f.dest.MaxMessage:
		return fmt.Errorf("%d bytes: %w", len(body), errLong)
	}
	f.session.last = f.session.last.next()
	buf = append(appendHeader(buf[:start], f.session.last, "syslog", len(body)), ' ')
	buf = append(buf, body...) // overlapping: append copies as copy does
	f.buf = append(buf, '\n')
	return nil
}

// take reads an answer, and those that have come with it.
func (f *flight) take() error {
	for {
		a, err := f.session.read()
		if err != nil {
			return err
		}
		if err := f.match(a); err != nil {
			return err
		}
		if f.waiting == 0 || f.session.In.Buffered() == 0 {
			return nil
		}
	}
}

// match gives an answer to its record. They may come in any order; one that
// nobody waits for means that the two sides do not agree on what was sent.
func (f *flight) match(a answer) error {
	at := a.n.since(f.first)
	if at >= len(f.sent) || f.sent[at] == answered {
		return fmt.Errorf("an answer to nothing that was sent: %w", errProtocol)
	}
	i := f.sent[at]
	f.sent[at] = answered
	f.waiting--
	f.heard = true
	switch a.code {
	case codeOK:
	case codeRefused:
		f.answers.Set(i, transport.Permanent(fmt.Errorf("relp: syslog: code %d: %w", a.code, errRefused)))
	default:
		f.answers.Set(i, fmt.Errorf("relp: syslog: code %d: %w", a.code, errCode))
	}
	return nil
}

// broke is what Send returns when the session ended with err: those without an
// answer go again, and those alone.
func (f *flight) broke(err error) error {
	if !f.heard {
		return err
	}
	for _, i := range f.sent {
		if i != answered {
			f.answers.Set(i, err)
		}
	}
	for i := f.next; i < len(f.recs); i++ {
		f.answers.Set(i, err)
	}
	return f.answers.Err()
}
