package grpc

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc/logpb"
	"github.com/slogship/slogship/transport/httpstatus"
)

// chunkBytes is about the size of a request. A whole batch in one request would
// leave the receiver idle while it is encoded, and the sender while it is decoded.
const chunkBytes = 64 << 10

// errLong: the record is larger than what one request may have. Permanent.
var errLong = errors.New("larger than a message may be")

// The tags of PushRequest's fields.
const (
	tagSequence = 1<<3 | wireVarint
	tagEntry    = 2<<3 | wireBytes
)

// maxSequence is the room for a request's sequence, which stands at its end: it is
// known when there is room in the window.
const maxSequence = 1 + binary.MaxVarintLen64

// flight is one Send's way through a session: which records are out, and what
// was said of them.
type flight struct {
	session *session
	recs    []encode.Record
	answers transport.Answers // guarded by the window's mu
	sent    []sent            // guarded by the window's mu
	open    int               // guarded by the window's mu; requests without an answer
	heard   bool              // guarded by the window's mu; some request has its answer
	next    int               // the record to be encoded next
}

// sent is a record that is in a request, and whether that has its answer.
type sent struct {
	index    int
	answered bool
}

// run sends all records, in requests. It returns when all are sent, or the
// session has ended. The caller has the session's lock for sending: the receiver
// needs the numbers in their order.
func (f *flight) run() error {
	s := f.session
	for f.next < len(f.recs) {
		first := len(f.sent)
		body := f.encode()
		if len(f.sent) == first {
			s.pool.Put(body)
			continue
		}
		sequence, err := s.window.add(request{flight: f, first: first, size: len(f.sent) - first, bytes: len(*body)})
		if err != nil {
			return err
		}
		if err := s.send(sequence, body); err != nil {
			return err
		}
	}
	return nil
}

// encode makes the entries of a request: as many records as a chunk holds, and one
// at least, unless it is too large for a message.
func (f *flight) encode() *[]byte {
	s := f.session
	pooled := s.pool.Get(0)
	buf := *pooled
	var added []sent
	count := 0
	for f.next < len(f.recs) && count < s.maxEntries {
		before := len(buf)
		buf = s.appendEntry(buf, &f.recs[f.next])
		if len(buf) > s.maxMessage-maxSequence {
			// What it has told of numbers is not sent: they are told anew.
			buf = buf[:before]
			s.strings.forget()
			s.resources.forget()
			if count > 0 {
				break // it may fit alone
			}
			f.refuseLong(f.next)
			f.next++
			continue
		}
		added = append(added, sent{index: f.next})
		count++
		f.next++
		if len(buf) >= s.chunk {
			break
		}
	}
	f.session.window.mu.Lock()
	f.sent = append(f.sent, added...)
	f.session.window.mu.Unlock()
	*pooled = buf
	return pooled
}

// appendEntry appends a record as PushRequest's field of entries. Its length is
// known last: the body is written behind room for the usual two bytes of it, and
// moved if it takes others.
func (s *session) appendEntry(buf []byte, rec *encode.Record) []byte {
	const usual = 2
	buf = append(buf, tagEntry, 0, 0)
	start := len(buf)
	// A nil *interner would not be a nil Interner.
	buf = encode.Protobuf{NoResource: true}.AppendInterned(buf, rec, s.strings)
	buf = s.resources.append(buf, rec.Resource)
	size := len(buf) - start
	var length [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(length[:], uint64(size))
	if n != usual {
		buf = append(buf, length[:max(n-usual, 0)]...) // room, whatever is in it
		copy(buf[start-usual+n:], buf[start:start+size])
		buf = buf[:start-usual+n+size]
	}
	copy(buf[start-usual:], length[:n])
	return buf
}

func (f *flight) refuseLong(i int) {
	f.session.window.mu.Lock()
	defer f.session.window.mu.Unlock()
	f.answers.Set(i, transport.Permanent(fmt.Errorf("grpc: encode: more than %d bytes: %w", f.session.maxMessage, errLong)))
}

// refuse notes what the receiver said of the record at that place of f.sent. The
// caller holds the window's mu.
func (f *flight) refuse(place int, r *logpb.Refusal) {
	text := httpstatus.Excerpt([]byte(f.session.secrets.Text(r.GetReason())))
	f.answers.Set(f.sent[place].index, refusedBy(r, text))
}

// answered notes that the receiver has done with r. The caller holds the window's
// mu.
func (f *flight) answered(r request) {
	for i := r.first; i < r.first+r.size; i++ {
		f.sent[i].answered = true
	}
	f.open--
	f.heard = true
}

// result is what Send returns: when the session has ended, what has no answer
// goes again, and that alone.
func (f *flight) result(failure func(error) error) error {
	w := f.session.window
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil || f.open == 0 && f.next == len(f.recs) {
		return f.answers.Err()
	}
	err := failure(w.err)
	if !f.heard {
		if w.guilty == f {
			return verdict(err)
		}
		return bystander(err)
	}
	// The guilty request is the first of the next Send: it hears the verdict alone.
	for _, s := range f.sent {
		if !s.answered {
			f.answers.Set(s.index, err)
		}
	}
	for i := f.next; i < len(f.recs); i++ {
		f.answers.Set(i, err)
	}
	if st, ok := errors.AsType[*StatusError](err); ok && st.after > 0 {
		return transport.RetryAfter(f.answers.Err(), st.after)
	}
	return f.answers.Err()
}
