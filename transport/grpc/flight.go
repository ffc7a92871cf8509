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
// was said of them. A request has records that follow each other, and answers come
// in order, so two numbers tell how far it has come.
type flight struct {
	session *session
	recs    []encode.Record
	next    int // the record to be encoded next; what is before it is in a request or refused

	answers transport.Answers // guarded by the window's mu
	done    int               // guarded by the window's mu; what is before it has its answer
	open    int               // guarded by the window's mu; requests without an answer
	waiting bool              // guarded by the window's mu; all is sent, and Send waits
}

// run sends all records, in requests. It returns when all are sent, or the
// session has ended. The caller has the session's lock for sending: the receiver
// needs the numbers in their order.
func (f *flight) run() error {
	s := f.session
	for f.next < len(f.recs) {
		first := f.next
		body := f.encode()
		if f.next == first {
			s.pool.Put(body)
			f.refuseLong()
			continue
		}
		sequence, err := s.window.add(request{flight: f, first: first, size: f.next - first, bytes: len(*body)})
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
// at least, unless that is too large for a message.
func (f *flight) encode() *[]byte {
	s := f.session
	pooled := s.pool.Get(0)
	buf := *pooled
	for first := f.next; f.next < len(f.recs) && f.next-first < s.maxEntries && len(buf) < s.chunk; f.next++ {
		before := len(buf)
		buf = s.appendEntry(buf, &f.recs[f.next])
		if len(buf) > s.maxMessage-maxSequence {
			// What it has told of numbers is not sent: they are told anew.
			buf = buf[:before]
			s.strings.forget()
			s.resources.forget()
			break
		}
	}
	*pooled = buf
	return pooled
}

// refuseLong refuses the next record, which did not fit into a request alone.
func (f *flight) refuseLong() {
	w := f.session.window
	w.mu.Lock()
	defer w.mu.Unlock()
	f.answers.Set(f.next, transport.Permanent(fmt.Errorf("grpc: encode: more than %d bytes: %w", f.session.maxMessage, errLong)))
	f.next++
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

// refuse notes what the receiver said of a record. The caller holds the window's mu.
func (f *flight) refuse(i int, r *logpb.Refusal) {
	text := httpstatus.Excerpt([]byte(f.session.secrets.Text(r.GetReason())))
	f.answers.Set(i, refusedBy(r, text))
}

// answered notes that the receiver has done with r, and reports whether Send has
// been waiting for that. The caller holds the window's mu.
func (f *flight) answered(r request) bool {
	f.done = r.first + r.size
	f.open--
	return f.waiting && f.open == 0
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
	if f.done == 0 && f.answers.Err() == nil {
		if w.guilty == f {
			return verdict(err)
		}
		return bystander(err)
	}
	// The guilty request is the first of the next Send: it hears the verdict alone.
	for i := f.done; i < len(f.recs); i++ {
		if f.answers.At(i) == nil { // else it was too large
			f.answers.Set(i, err)
		}
	}
	if st, ok := errors.AsType[*StatusError](err); ok && st.after > 0 {
		return transport.RetryAfter(f.answers.Err(), st.after)
	}
	return f.answers.Err()
}
