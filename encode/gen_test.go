package encode_test

import (
	"encoding/json"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
)

// gen makes records out of a string of bytes, so that the fuzzer's changes to
// the bytes are changes to the record. Past the end it reads zeros.
type gen struct{ data []byte }

func (g *gen) byte() byte {
	if len(g.data) == 0 {
		return 0
	}
	b := g.data[0]
	g.data = g.data[1:]
	return b
}

func (g *gen) n(limit int) int { return int(g.byte()) % limit }

func (g *gen) uint64() (x uint64) {
	for range 8 {
		x = x<<8 | uint64(g.byte())
	}
	return x
}

// nasty are the texts of S1, and the names that a record has itself.
func nasty() []string {
	return []string{
		"", " ", "a=b", `"`, `\`, `\"`, `{"level":"FATAL"}`, "\n", "\r\n", "\x00", "\x1b[2J\x1b[31m", "\x7f", "\u0085", "\u009b31m",
		"\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\u061c", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\ufffd", "\ufeff", "é", "東京", "😀",
		"time", "level", "msg", "source", "log_id", "trace_id", "resource", "LEVEL", "Msg", "m\u017fg", "stac\u212a", "a", "a#2", "a#3", "level#2",
		"resource.service.name", "service.name", "!TRUNCATED", "\ntime=1 level=FATAL msg=forged", "x\n{\"msg\":\"forged\"}\n", "a.b", "null", "true", "-0",
	}
}

func (g *gen) string() string {
	switch g.n(4) {
	case 0:
		return nasty()[g.n(len(nasty()))]
	case 1:
		return nasty()[g.n(len(nasty()))] + nasty()[g.n(len(nasty()))]
	case 2:
		return strings.Repeat(nasty()[g.n(len(nasty()))], g.n(40))
	}
	n := min(g.n(40), len(g.data))
	s := string(g.data[:n])
	g.data = g.data[n:]
	return s
}

func (g *gen) attrs(depth int) []slog.Attr {
	attrs := make([]slog.Attr, g.n(9))
	for i := range attrs {
		attrs[i] = slog.Attr{Key: g.string(), Value: g.value(depth)}
	}
	return attrs
}

func (g *gen) value(depth int) slog.Value {
	switch g.n(14) {
	case 0:
		return slog.Int64Value(int64(g.uint64()))
	case 1:
		return slog.Uint64Value(g.uint64())
	case 2:
		return slog.Float64Value([]float64{0, 1.5, math.NaN(), math.Inf(1), math.Inf(-1), math.Float64frombits(g.uint64())}[g.n(6)])
	case 3:
		return slog.BoolValue(g.n(2) == 1)
	case 4:
		return slog.DurationValue(time.Duration(g.uint64()))
	case 5:
		return slog.TimeValue(time.Unix(int64(g.uint64()), int64(g.byte())))
	case 6:
		return slog.AnyValue(nil)
	case 7:
		return slog.AnyValue([]byte(g.string()))
	case 8:
		return slog.AnyValue(g.json())
	case 9:
		return slog.AnyValue(g.error(3))
	case 10:
		if depth > 0 {
			return slog.GroupValue(g.attrs(depth - 1)...)
		}
	case 11:
		if depth > 0 {
			list := make([]slog.Value, g.n(5))
			for i := range list {
				list[i] = g.value(depth - 1)
			}
			return slog.AnyValue(list)
		}
	case 12:
		return slog.AnyValue(struct{ X string }{g.string()}) // outside the closed set
	}
	return slog.StringValue(g.string())
}

// json makes JSON text, and text that is not. Valid text in which a name comes
// twice is left out: the encoder copies it as it is.
func (g *gen) json() encode.JSON {
	switch g.n(4) {
	case 0:
		b, _ := json.MarshalIndent(map[string]any{"k": g.string(), "l": []string{g.string()}}, "", "  ")
		return b
	case 1:
		return encode.JSON(strings.Repeat("[", g.n(100)) + "1" + strings.Repeat("]", g.n(100)))
	case 2:
		b, _ := json.Marshal(g.string())
		return b
	}
	raw := g.string()
	if json.Valid([]byte(raw)) && walkJSON([]byte(raw), nil) != nil {
		return encode.JSON("null")
	}
	return encode.JSON(raw)
}

func (g *gen) error(depth int) *encode.Error {
	e := &encode.Error{Type: g.string(), Message: g.string(), Frames: g.frames()}
	if depth > 0 {
		for range g.n(3) {
			e.Causes = append(e.Causes, g.error(depth-1))
		}
	}
	return e
}

func (g *gen) frames() (frames []encode.Frame) {
	for range g.n(3) {
		frames = append(frames, encode.Frame{Function: g.string(), File: g.string(), Line: g.n(100)})
	}
	return frames
}

func (g *gen) record() *encode.Record {
	rec := &encode.Record{
		Level:   slog.Level(int8(g.byte())),
		Message: g.string(),
		Attrs:   g.attrs(3),
		Scope:   g.string(),
		Source:  slog.Source{Function: g.string(), File: g.string(), Line: g.n(100)},
		Stack:   g.frames(),
	}
	if g.n(4) > 0 {
		rec.Time = time.Unix(1795427384+int64(g.byte()), int64(g.byte()))
	} else {
		rec.Observed = time.Unix(1795427384, 0)
	}
	for i := range rec.ID {
		rec.ID[i] = g.byte()
	}
	if g.n(2) == 1 {
		rec.Trace = encode.Trace{TraceID: [16]byte{g.byte()}, SpanID: [8]byte{g.byte()}, Flags: g.byte()}
	}
	if g.n(2) == 1 {
		rec.Resource = &encode.Resource{Service: g.string(), Host: g.string(), PID: g.n(1000), Attrs: g.attrs(1)}
	}
	return rec
}

func randomBytes(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// clean is what a string becomes on its way through any format: bytes that are
// not UTF-8 turn into U+FFFD, one each.
func clean(s string) string {
	var b strings.Builder
	for _, r := range s { // ranges over such bytes one by one, as U+FFFD
		b.WriteRune(r)
	}
	return b.String()
}

// rawControl returns the first character in b that must not be there raw:
// S2's set, stated on its own and not by the encoder's rule.
func rawControl(b []byte) (rune, bool) {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case r < 0x20, r >= 0x7F && r <= 0x9F, r == utf8.RuneError && size == 1,
			r == 0x061C, r == 0x200E, r == 0x200F, r == 0x2028, r == 0x2029,
			r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
			return r, true
		}
		b = b[size:]
	}
	return 0, false
}
