package kafka

import (
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go/protocol"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/attrpath"
	"github.com/slogship/slogship/transport"
)

// Names of the headers of each message. HeaderTrace is there for a record that
// was logged within a trace.
const (
	HeaderID          = "record-id"    // UUID, 36 characters; the same on each attempt
	HeaderLevel       = "level"        // as encode.LevelName names it
	HeaderTrace       = "traceparent"  // of W3C trace context, version 00
	HeaderContentType = "content-type" // of the value
)

const (
	// believable is how far a record's time may be from when it was taken.
	// Since Kafka 4.0 a broker refuses messages from more than an hour ahead
	// (message.timestamp.after.max.ms); retention, too, goes by this time.
	believable = time.Hour
	// overhead is more than what frames a message: lengths, offsets, attributes.
	overhead = 64
	// keepArena is how much memory is kept for the next Send.
	keepArena = 8 << 20
)

// message is a record as Kafka stores it. The texts are places in the batch's
// arena, which moves as it grows.
type message struct {
	topic                       *topic // nil for a record that was refused before
	time                        time.Time
	id                          encode.ID
	key, value, uuid, at, trace place
}

// place is a part of the arena. The zero place is no text at all.
type place struct{ from, to int }

// text returns the part of arena, nil if there is none.
func (p place) text(arena []byte) []byte {
	if p.to == 0 {
		return nil
	}
	return arena[p.from:p.to:p.to]
}

// size is what m takes in a record batch before compression, or a little more.
func (m *message) size(contentType string) int {
	return m.trace.to - m.key.first(m.value.from) + overhead + len(contentType)
}

func (p place) first(other int) int {
	if p.to == 0 {
		return other
	}
	return p.from
}

// messages makes messages of the records of one Send. Its memory is used again
// by the next.
type messages struct {
	all   []message
	arena []byte
}

// add appends the message of rec, whose topic is t.
func (ms *messages) add(s *sender, rec *encode.Record, t *topic) error {
	m := message{topic: t, time: stamp(rec), id: rec.ID}
	from := len(ms.arena)
	ms.arena = s.appendKey(ms.arena, rec)
	if m.key = ms.since(from); m.key.from == m.key.to {
		m.key = place{}
	}
	from = len(ms.arena)
	value, err := s.dest.Encoder.AppendRecord(ms.arena, rec)
	if err != nil {
		return transport.Permanent(fmt.Errorf("kafka: encode: %w", err))
	}
	ms.arena = value
	m.value = ms.since(from)
	from = len(ms.arena)
	ms.arena, _ = rec.ID.AppendText(ms.arena)
	m.uuid = ms.since(from)
	from = len(ms.arena)
	ms.arena = append(ms.arena, encode.LevelName(rec.Level)...)
	m.at = ms.since(from)
	from = len(ms.arena)
	ms.arena = appendTraceparent(ms.arena, rec.Trace)
	m.trace = ms.since(from)
	ms.all = append(ms.all, m)
	return nil
}

// since is the place from a position to the arena's end.
func (ms *messages) since(from int) place { return place{from, len(ms.arena)} }

// reset forgets the batch, and memory that was grown for a huge one.
func (ms *messages) reset() {
	if cap(ms.arena) > keepArena {
		ms.arena = nil
	}
	ms.all, ms.arena = ms.all[:0], ms.arena[:0]
}

// appendKey appends the key of rec, nothing if it has none.
func (s *sender) appendKey(dst []byte, rec *encode.Record) []byte {
	switch {
	case s.dest.NoKey:
		return dst
	case s.key == "":
		if rec.Trace.TraceID == [16]byte{} {
			return dst
		}
		return hex.AppendEncode(dst, rec.Trace.TraceID[:])
	}
	v, ok := attrpath.Find(rec.Attrs, s.key)
	if !ok {
		return dst
	}
	if v.Kind() == slog.KindTime {
		return v.Time().AppendFormat(dst, time.RFC3339Nano)
	}
	return append(dst, v.String()...)
}

// appendTraceparent appends version 00 of https://www.w3.org/TR/trace-context/,
// nothing for a record without a trace.
func appendTraceparent(dst []byte, t encode.Trace) []byte {
	if t.TraceID == [16]byte{} {
		return dst
	}
	dst = append(dst, "00-"...)
	dst = hex.AppendEncode(dst, t.TraceID[:])
	dst = append(dst, '-')
	dst = hex.AppendEncode(dst, t.SpanID[:])
	dst = append(dst, '-')
	return hex.AppendEncode(dst, []byte{t.Flags})
}

// stamp is the message's time: when it was logged, if that is believable. A
// clock that was never set, or a time that was made up, would have a broker
// refuse the message, or keep its segment for years.
func stamp(rec *encode.Record) time.Time {
	at := rec.Time
	if off := at.Sub(rec.Observed).Abs(); at.IsZero() || !rec.Observed.IsZero() && off > believable {
		at = rec.Observed
	}
	if at.IsZero() || at.Unix() <= 0 || at.Year() > 9999 {
		return time.Now() // 0 means "now" to kafka-go, and less is refused
	}
	return at
}

// reader hands the messages of one record batch to kafka-go. One Record and its
// parts are used for all of them: kafka-go has written one before it asks for
// the next.
type reader struct {
	messages    *messages
	contentType []byte
	indices     []int // of messages that are left
	record      protocol.Record
	key, value  piece
	headers     [4]protocol.Header
}

// ReadRecord implements protocol.RecordReader.
func (r *reader) ReadRecord() (*protocol.Record, error) {
	if len(r.indices) == 0 {
		return nil, io.EOF
	}
	m, arena := &r.messages.all[r.indices[0]], r.messages.arena
	r.indices = r.indices[1:]
	r.value.rest = m.value.text(arena)
	r.record = protocol.Record{Time: m.time, Value: &r.value}
	if r.key.rest = m.key.text(arena); r.key.rest != nil {
		r.record.Key = &r.key
	}
	headers := append(r.headers[:0],
		protocol.Header{Key: HeaderID, Value: m.uuid.text(arena)},
		protocol.Header{Key: HeaderLevel, Value: m.at.text(arena)},
		protocol.Header{Key: HeaderContentType, Value: r.contentType})
	if m.trace.from < m.trace.to {
		headers = append(headers, protocol.Header{Key: HeaderTrace, Value: m.trace.text(arena)})
	}
	r.record.Headers = headers
	return &r.record, nil
}

// piece implements protocol.Bytes without a copy.
type piece struct{ rest []byte }

func (p *piece) Len() int     { return len(p.rest) }
func (p *piece) Close() error { return nil }

// Read is there for the interface; WriteTo saves io.Copy its buffer.
func (p *piece) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// WriteTo writes all of it.
func (p *piece) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(p.rest)
	p.rest = p.rest[n:]
	return int64(n), err
}
