package crypto

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/slogship/slogship/encode"
)

// valueReader reads what appendValue wrote. The bytes were authenticated, so a
// failure means that a holder of the key wrote something else; lengths are
// checked all the same.
type valueReader struct {
	b   []byte
	bad bool // sticky: what follows is zero
}

// readValue returns the value in b, which it keeps.
func readValue(b []byte) (slog.Value, error) {
	v, ok := valueOf(b, 0)
	if !ok {
		return slog.Value{}, fmt.Errorf("crypto: read sealed value: %w", ErrTampered)
	}
	return v, nil
}

// valueOf reads a value that takes all of b, and reports whether it does. Kinds
// that are the rest of b come first; the others are read piece by piece.
func valueOf(b []byte, depth int) (slog.Value, bool) {
	if len(b) == 0 || depth > maxDepth {
		return slog.Value{}, false
	}
	kind, b := b[0], b[1:]
	switch kind {
	case kindString:
		return slog.StringValue(string(b)), true
	case kindNil:
		return slog.AnyValue(nil), len(b) == 0
	case kindBytes:
		return slog.AnyValue(b), true
	case kindJSON:
		return slog.AnyValue(encode.JSON(b)), true
	case kindBool:
		return slog.BoolValue(len(b) == 1 && b[0] == 1), len(b) == 1 && b[0] <= 1
	}
	r := valueReader{b: b}
	v := r.composite(kind, depth)
	return v, !r.bad && len(r.b) == 0
}

// composite reads a value of a kind that has pieces, or a fixed width. The
// evaluation order of Go's composite literals is what reads fields in their order.
func (r *valueReader) composite(kind byte, depth int) slog.Value {
	switch kind {
	case kindInt64:
		return slog.Int64Value(int64(r.uint64()))
	case kindUint64:
		return slog.Uint64Value(r.uint64())
	case kindFloat64:
		return slog.Float64Value(math.Float64frombits(r.uint64()))
	case kindDuration:
		return slog.DurationValue(time.Duration(r.uint64()))
	case kindTime:
		return slog.TimeValue(r.time())
	case kindError:
		// Its causes are counted from here, as the buffer counts them: with the groups
		// around it, an error deep inside would be written and then not be read.
		return slog.AnyValue(r.error(0))
	case kindList:
		list := []slog.Value{}
		for len(r.b) > 0 && !r.bad {
			list = append(list, r.sized(depth+1))
		}
		return slog.AnyValue(list)
	case kindGroup:
		var attrs []slog.Attr
		for len(r.b) > 0 && !r.bad {
			key := r.text()
			attrs = append(attrs, slog.Attr{Key: key, Value: r.sized(depth + 1)})
		}
		return slog.GroupValue(attrs...)
	default:
		r.bad = true
		return slog.Value{}
	}
}

// take returns the next n bytes.
func (r *valueReader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *valueReader) uint64() uint64 {
	b := r.take(8)
	if r.bad {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

func (r *valueReader) uint32() uint32 {
	b := r.take(4)
	if r.bad {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

// uvarint reads seven bits a byte, low ones first, as encoding/binary has it. A
// longer form than needed is read, too: no other writer has to be that strict,
// and the bytes are authenticated.
func (r *valueReader) uvarint() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.bad = true
		return 0
	}
	r.take(uint64(size))
	return n
}

func (r *valueReader) text() string { return string(r.take(r.uvarint())) }

// time refuses what appendTime never writes, and what time.FixedZone would make
// an instant of that no encoder can print.
func (r *valueReader) time() time.Time {
	sec, nsec, offset := int64(r.uint64()), r.uint32(), int32(r.uint32())
	if nsec >= uint32(time.Second) || offset <= -maxOffset || offset >= maxOffset {
		r.bad = true
		return time.Time{}
	}
	t := time.Unix(sec, int64(nsec)).UTC()
	if offset != 0 {
		t = t.In(time.FixedZone("", int(offset)))
	}
	return t
}

// sized reads a value behind its length, which keeps a failure inside it from
// being read as the next value.
func (r *valueReader) sized(depth int) slog.Value {
	v, ok := valueOf(r.take(uint64(r.uint32())), depth)
	r.bad = r.bad || !ok
	return v
}

// error reads an error and its causes. A frame and a cause take bytes each, so
// that their number needs no bound of its own.
func (r *valueReader) error(depth int) *encode.Error {
	e := &encode.Error{Type: r.text(), Message: r.text()}
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		e.Frames = append(e.Frames, encode.Frame{Function: r.text(), File: r.text(), Line: int(r.uvarint())})
	}
	r.bad = r.bad || depth > maxDepth
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		e.Causes = append(e.Causes, r.error(depth+1))
	}
	return e
}
