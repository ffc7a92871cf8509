package codec

import (
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
)

// Decoder decodes payloads into memory that it reuses: a batch of records,
// then Reset, then the next. The zero Decoder is ready. It is for one
// goroutine at a time.
//
// Once the memory has grown to the size of the batches, decoding allocates
// nothing, but for one small box a value of type []byte, encode.JSON or
// []slog.Value (an interface cannot point into reused memory) and one a time
// more than 292 years from 1970.
type Decoder struct {
	attrs  []slog.Attr     // attributes of the records
	nested []slog.Attr     // attributes of groups
	levels [][]slog.Attr   // per depth: the group being read there
	values []slog.Value    // list elements
	errs   []encode.Error  //
	causes []*encode.Error //
	frames []encode.Frame  //
	bytes  []byte          // []byte and JSON values
	zones  zones
	idle   int // Resets in a row that found most of the memory unused

	used budget // of the record being decoded
}

// budget is what one record has used of its limits. The encoder has kept most
// of them already; here they bound what records built from many calls, or
// bytes that no encoder wrote, can take.
type budget struct {
	cut    int64 // things cut, by the encoder or here
	attrs  int   // attributes
	nodes  int   // list elements and causes
	frames int   // frames of errors
}

// maxRecordFrames bounds the frames of all errors of a record: a frame in
// memory is 13 times as large as the shortest one in a payload.
const maxRecordFrames = 1024

// Decode reads payload and sets all fields of rec but Resource. What rec then
// holds is valid until the memory of payload is overwritten or Reset is called,
// whichever is first: strings are parts of payload, slices belong to d.
//
// It returns ErrCorrupt or ErrVersion, and then leaves nothing of use in rec.
// No payload makes it panic, take more than linear time, or more memory than
// a few megabytes.
func (d *Decoder) Decode(payload string, rec *encode.Record) error {
	i, err := d.header(payload, rec)
	if err != nil {
		return err
	}
	rec.Attrs, err = d.attributes(payload, i)
	return err
}

// attributes reads the entries of p from index i to its end.
func (d *Decoder) attributes(p string, i int) ([]slog.Attr, error) {
	start := len(d.attrs)
	out := d.attrs
	for uint(i) < uint(len(p)) {
		// Once round, but for a kindEnd that closes nothing: what follows it
		// is still the record's.
		out, i = d.entries(out, p, i, 0)
	}
	if i < 0 {
		return nil, ErrCorrupt
	}
	if d.used.cut > 0 {
		out = append(out, slog.Int64(Truncated, d.used.cut))
	}
	d.attrs = out
	return clip(out, start), nil
}

// clip returns what was added to an arena since start, without the room behind
// it: an append by the user of a record must not reach the next record.
func clip[T any](arena []T, start int) []T {
	if start == len(arena) {
		return nil
	}
	return arena[start:len(arena):len(arena)]
}

// header reads what AppendHeader wrote and returns the index of the entries.
func (d *Decoder) header(p string, rec *encode.Record) (int, error) {
	const fixed = len(rec.ID) + 2 // id, version, flags
	if len(p) < fixed || p[fixed-2] < oldestVersion {
		return 0, ErrCorrupt
	}
	if p[fixed-2] > version {
		return 0, ErrVersion
	}
	copy(rec.ID[:], p)
	d.used = budget{}
	flags := p[fixed-1]
	var level int64
	level, i := readVarint(p, fixed)
	rec.Level = slog.Level(level)
	rec.Time, i = d.time(p, i)
	if i >= 0 && i < len(p) && p[i] == timeSame {
		rec.Observed = rec.Time
		i++
	} else {
		rec.Observed, i = d.time(p, i)
	}
	// After a failure i is -1, and all further steps keep it so.
	i = d.optional(p, i, flags, rec)
	rec.Message, i = readString(p, i)
	if i < 0 || flags&^allFlags != 0 {
		return 0, ErrCorrupt
	}
	return i, nil
}

// optional reads the fields that flags says are there, and clears the others.
func (d *Decoder) optional(p string, i int, flags byte, rec *encode.Record) int {
	rec.Trace, rec.Scope, rec.Source, rec.Stack = encode.Trace{}, "", slog.Source{}, nil
	if flags == 0 {
		return i // the commonest record
	}
	if flags&hasTrace != 0 {
		rec.Trace, i = readTrace(p, i)
	}
	if flags&hasScope != 0 {
		rec.Scope, i = readString(p, i)
	}
	if flags&hasSource != 0 {
		var line uint64
		rec.Source.Function, i = readString(p, i)
		rec.Source.File, i = readString(p, i)
		line, i = readUvarint(p, i)
		rec.Source.Line = int(line)
	}
	if flags&hasStack != 0 {
		rec.Stack, i = d.stack(p, i)
	}
	return i
}

// readTrace reads the 25 bytes of a trace: its id, the span's, the flags.
func readTrace(p string, i int) (t encode.Trace, next int) {
	const size = len(t.TraceID) + len(t.SpanID) + 1
	next = skip(p, i, size)
	if next < 0 {
		return t, -1
	}
	copy(t.TraceID[:], p[i:])
	copy(t.SpanID[:], p[i+len(t.TraceID):])
	t.Flags = p[next-1]
	return t, next
}

// time reads what appendTime wrote.
func (d *Decoder) time(p string, i int) (time.Time, int) {
	form, i := readByte(p, i)
	var sec, nsec, off int64
	switch form {
	case timeZero:
		return time.Time{}, i
	case timeNear:
		var n uint64
		n, i = readUint64(p, i)
		nsec = int64(n)
	case timeFar:
		var s uint64
		var n uint32
		s, i = readUint64(p, i)
		n, i = readUint32(p, i)
		sec, nsec = int64(s), int64(n)
	default:
		return time.Time{}, -1
	}
	// What appendTime never writes would make encoders fail, or wrap around.
	off, i = readVarint(p, i)
	if off <= -maxOffset || off >= maxOffset || form == timeFar && nsec >= int64(time.Second) {
		return time.Time{}, -1
	}
	return time.Unix(sec, nsec).In(d.zones.get(int(off))), i
}
