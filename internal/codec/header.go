package codec

import (
	"encoding/binary"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
)

// Header is everything of a record but its attributes.
type Header struct {
	ID       encode.ID
	Time     time.Time // when it was logged; may be zero
	Observed time.Time // when slogship took it; free if equal to Time
	Level    slog.Level
	Message  string
	Scope    string
	Trace    encode.Trace
	Source   []byte         // from AppendSource; nil: none
	Stack    []encode.Frame // innermost call first; at most 64 are kept
}

// AppendHeader begins a payload: it appends h to dst, which must be empty, and
// returns the extended slice. It keeps nothing of h. Entries follow: see
// [AppendEncoded], [AppendAttr] and [AppendGroup].
//
// Payload, version 1 (all fixed numbers little-endian, the rest in FORMAT.md):
//
//	+--------+---------+-------+-------+------+----------+-------+
//	| id 16  | version | flags | level | time | observed | trace |
//	+--------+---------+-------+-------+------+----------+-------+
//	| scope  | source  | stack | message | entries ...
//	+--------+---------+-------+---------+------------
//
// The message comes last because it alone may be huge, and is cut to leave
// room for the entries.
func AppendHeader(dst []byte, h *Header) []byte {
	var b builder
	flags := headerFlags(h)
	// As two words, as an IDSource stores it: see IDSource.Put.
	dst = appendUint64(dst, binary.LittleEndian.Uint64(h.ID[:8]))
	dst = appendUint64(dst, binary.LittleEndian.Uint64(h.ID[8:]))
	dst = append(dst, version, flags)
	dst = appendVarint(dst, int64(h.Level))
	dst = appendTime(dst, h.Time)
	// == is right although it compares the monotonic clock and the location's
	// pointer too: it asks whether the caller passed one reading twice.
	if h.Observed == h.Time {
		dst = append(dst, timeSame)
	} else {
		dst = appendTime(dst, h.Observed)
	}
	if flags&hasTrace != 0 {
		dst = append(dst, h.Trace.TraceID[:]...)
		dst = append(dst, h.Trace.SpanID[:]...)
		dst = append(dst, h.Trace.Flags)
	}
	if flags&hasScope != 0 {
		dst = b.name(dst, h.Scope)
	}
	dst = append(dst, h.Source...)
	if flags&hasStack != 0 {
		dst = b.frames(dst, h.Stack)
	}
	return b.finish(b.text(dst, h.Message))
}

func headerFlags(h *Header) byte {
	var f byte
	if h.Trace != (encode.Trace{}) { // in place: IsZero would copy it
		f |= hasTrace
	}
	if h.Scope != "" {
		f |= hasScope
	}
	if len(h.Source) > 0 {
		f |= hasSource
	}
	if len(h.Stack) > 0 {
		f |= hasStack
	}
	return f
}

// AppendSource appends s in the form that Header.Source takes. The result
// depends on s alone, so that a handler can keep it by program counter. It is
// a few hundred bytes at most in practice, and never above 3 KiB.
func AppendSource(dst []byte, s *slog.Source) []byte {
	var b builder // what it cuts here is not counted: there is no entry to count in
	dst = b.name(dst, s.Function)
	dst = b.name(dst, s.File)
	return binary.AppendUvarint(dst, uint64(s.Line))
}
