package codec

import (
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

func decodeHeader(t *testing.T, h *Header) encode.Record {
	t.Helper()
	p := AppendHeader(nil, h)
	if len(p) > Limit {
		t.Fatalf("%d bytes", len(p))
	}
	var d Decoder
	var rec encode.Record
	if err := d.Decode(string(p), &rec); err != nil {
		t.Fatal(err)
	}
	return rec
}

// Each optional field alone, so that none is read in another's place.
func TestOptionalFields(t *testing.T) {
	source := slog.Source{Function: "f", File: "g.go", Line: 7}
	stack := []encode.Frame{{Function: "a", File: "b", Line: 1}, {}, {Line: math.MaxInt32}}
	trace := encode.Trace{SpanID: [8]byte{7: 1}}
	for name, h := range map[string]*Header{
		"none": {}, "trace": {Trace: trace}, "flags of a trace": {Trace: encode.Trace{Flags: 1}}, "scope": {Scope: "s"},
		"source": {Source: AppendSource(nil, &source)}, "stack": {Stack: stack},
		"all": {Trace: trace, Scope: "s", Source: AppendSource(nil, &source), Stack: stack},
	} {
		h.Message = "message of " + name
		rec := decodeHeader(t, h)
		checkHeader(t, h, &rec)
		if (rec.Source == source) != (h.Source != nil) {
			t.Errorf("%s: source %+v", name, rec.Source)
		}
	}
}

// A record decoded into the place of another keeps nothing of it.
func TestDecodeSetsEveryField(t *testing.T) {
	full := goldenRecords()[1]
	var d Decoder
	var rec encode.Record
	if err := d.Decode(string(full.encode()), &rec); err != nil {
		t.Fatal(err)
	}
	own := &encode.Resource{}
	rec.Attrs, rec.Resource = []slog.Attr{slog.Int("old", 1)}, own
	if err := d.Decode(string(AppendHeader(nil, &Header{})), &rec); err != nil {
		t.Fatal(err)
	}
	if rec.Resource != own {
		t.Error("the resource is not the decoder's")
	}
	rec.Resource = nil
	if rec.Message != "" || rec.Scope != "" || rec.Source != (slog.Source{}) || rec.Stack != nil || rec.Attrs != nil ||
		!rec.Trace.IsZero() || !rec.Time.IsZero() || !rec.Observed.IsZero() || rec.Level != 0 || !rec.ID.IsZero() {
		t.Errorf("left over: %+v", rec)
	}
}

func TestLevels(t *testing.T) {
	for _, l := range []slog.Level{-8, -4, 0, 2, 4, 8, 12, 20, -1000, math.MaxInt32, math.MinInt32} {
		if rec := decodeHeader(t, &Header{Level: l}); rec.Level != l {
			t.Errorf("level %d reads as %d", l, rec.Level)
		}
	}
}

func TestS9_HeaderIsBounded(t *testing.T) { // S9
	long := strings.Repeat("n", 3000)
	h := &Header{Scope: long, Source: AppendSource(nil, &slog.Source{Function: long, File: long, Line: -1}), Message: strings.Repeat("m", 2*Limit)}
	for range 3 * maxFrames {
		h.Stack = append(h.Stack, encode.Frame{Function: long, File: long, Line: 1})
	}
	rec := decodeHeader(t, h)
	if len(rec.Scope) != maxName || len(rec.Source.File) != maxName || rec.Source.Line != -1 || len(rec.Stack) != maxFrames {
		t.Errorf("scope %d, file %d, line %d, frames %d", len(rec.Scope), len(rec.Source.File), rec.Source.Line, len(rec.Stack))
	}
	// The scope, the frames beyond, two names of each frame, the message.
	if want := int64(1 + 1 + 2*maxFrames + 1); truncated(rec.Attrs) != want {
		t.Errorf("%d cut, want %d", truncated(rec.Attrs), want)
	}
	if !strings.HasSuffix(rec.Message, cutMark) {
		t.Error("the message does not say that it was cut")
	}
}

// Invalid UTF-8 is kept: it is for each encoder to escape.
func TestBytesOfStringsAreKept(t *testing.T) {
	odd := "\xff\x00\xed\xa0\x80\n\u202e"
	rec := decodeHeader(t, &Header{Message: odd, Scope: odd})
	if rec.Message != odd || rec.Scope != odd {
		t.Errorf("got %q, %q", rec.Message, rec.Scope)
	}
	if got := through(t, slog.String(odd, odd), slog.Group(odd, slog.Int("a", 1))); got[0].Key != odd || got[0].Value.String() != odd || got[1].Key != odd {
		t.Errorf("got %s", dump(got))
	}
}

func TestNumbersAreExact(t *testing.T) {
	for _, v := range []slog.Value{
		slog.Int64Value(math.MinInt64), slog.Int64Value(math.MaxInt64), slog.Uint64Value(math.MaxUint64), slog.Float64Value(math.Inf(-1)),
		slog.Float64Value(math.SmallestNonzeroFloat64), slog.Float64Value(math.MaxFloat64), slog.Float64Value(math.Copysign(0, -1)), slog.DurationValue(math.MinInt64),
	} {
		got := through(t, slog.Attr{Key: "k", Value: v})[0].Value
		if !got.Equal(v) || dumpValue(got) != dumpValue(v) {
			t.Errorf("%v reads as %v", v, got)
		}
	}
	nan := math.Float64frombits(0x7ff8dead00000001)
	got := through(t, slog.Float64("k", nan))[0].Value.Float64()
	if math.Float64bits(got) != math.Float64bits(nan) {
		t.Errorf("the bits of NaN read as %x", math.Float64bits(got))
	}
}
