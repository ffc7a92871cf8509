package grpc

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc/logpb"
)

// generator makes records of all kinds of values, from few words, so that they
// repeat.
type generator struct{ *rand.Rand }

func (g generator) word() string {
	return []string{"", "a", "ab", "path", "request served", "user agent", strings.Repeat("long", 255), strings.Repeat("longer", 255), "ä\u2028ö", "k\x00"}[g.IntN(10)]
}

func (g generator) record() encode.Record {
	rec := encode.Record{
		Time: time.Unix(0, g.Int64()).UTC(), Level: slog.Level(g.IntN(40) - 20), Message: g.word(), Scope: g.word(),
		Source: slog.Source{Function: g.word(), File: "main.go", Line: g.IntN(3)}, Resource: g.resource(),
	}
	for i := range rec.ID {
		rec.ID[i] = byte(g.Uint32())
	}
	if g.IntN(2) == 0 {
		rec.Trace = encode.Trace{TraceID: [16]byte(rec.ID), SpanID: [8]byte(rec.ID[:8]), Flags: 1}
	}
	for i := range g.IntN(6) {
		rec.Attrs = append(rec.Attrs, slog.Attr{Key: fmt.Sprint(g.word(), i), Value: g.value(0)})
	}
	rec.Stack = g.frames()
	return rec
}

func (g generator) resource() *encode.Resource {
	if g.IntN(4) == 0 {
		return &encode.Resource{}
	}
	return &encode.Resource{Service: fmt.Sprint("shop", g.IntN(30)), PID: 7, Attrs: []slog.Attr{slog.Int("n", 1)}}
}

func (g generator) frames() (frames []encode.Frame) {
	for range g.IntN(3) {
		frames = append(frames, encode.Frame{Function: g.word(), File: "f.go", Line: g.IntN(100)})
	}
	return frames
}

func (g generator) error(depth int) *encode.Error {
	e := &encode.Error{Type: g.word(), Message: g.word(), Frames: g.frames()}
	for range g.IntN(2) {
		if depth < 4 {
			e.Causes = append(e.Causes, g.error(depth+1))
		}
	}
	return e
}

func (g generator) value(depth int) slog.Value {
	kinds := 14
	if depth > 3 {
		kinds = 11
	}
	switch g.IntN(kinds) {
	case 0:
		return slog.StringValue(g.word())
	case 1:
		return slog.Int64Value(int64(g.Uint64()))
	case 2:
		return slog.Uint64Value(g.Uint64())
	case 3:
		return slog.Float64Value([]float64{0, -1.5, math.Inf(1), math.SmallestNonzeroFloat64}[g.IntN(4)])
	case 4:
		return slog.BoolValue(g.IntN(2) == 0)
	case 5:
		return slog.AnyValue([]byte(g.word()))
	case 6:
		return slog.DurationValue(time.Duration(g.Uint64()))
	case 7:
		return slog.TimeValue(time.Unix(0, int64(g.Uint64())).UTC())
	case 8:
		return slog.AnyValue(encode.JSON(`{"a":[1,null]}`))
	case 9:
		return slog.AnyValue(nil)
	case 10:
		return slog.Int64Value(0)
	case 11:
		return slog.AnyValue(g.error(0))
	case 12:
		var attrs []slog.Attr
		for i := range 1 + g.IntN(3) {
			attrs = append(attrs, slog.Attr{Key: fmt.Sprint("g", i), Value: g.value(depth + 1)})
		}
		return slog.GroupValue(attrs...)
	default:
		var list []slog.Value
		for range g.IntN(4) {
			list = append(list, g.value(depth+1))
		}
		return slog.AnyValue(list)
	}
}

// newTestSession encodes, and sends nothing.
func newTestSession(stringRefs, resourceRefs uint32) *session {
	return &session{
		strings: newInterner(stringRefs), resources: newResources(resourceRefs), window: newWindow(1, 1), pool: &pool{},
		maxMessage: DefaultMaxMessage, maxEntries: math.MaxInt, chunk: chunkBytes,
	}
}

// Records that were numbered on one side are what they were on the other, over
// many requests of one stream and tables far too small for what is in them.
func TestRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, refs := range []uint32{0, 1, 3, maxStringRef} {
		g := generator{rand.New(rand.NewPCG(seed, uint64(refs)))}
		s := newTestSession(refs, refs%17)
		d := &decoder{limit: 1000}
		for i := range 200 {
			want := make([]encode.Record, 1+g.IntN(5))
			var msg []byte
			s.resources.begin()
			for j := range want {
				want[j] = g.record()
				msg = s.appendEntry(msg, &want[j])
			}
			if i%50 == 49 { // what is dropped before it was sent must not be missed
				s.appendEntry(nil, ptr(g.record()))
				s.strings.forget()
				s.resources.forget()
			}
			got, err := d.decode(string(msg))
			if err != nil || len(got.recs) != len(want) {
				t.Fatalf("refs %d, request %d: %d of %d records, %v", refs, i, len(got.recs), len(want), err)
			}
			for j := range want {
				if same(&got.recs[j]) != same(&want[j]) {
					t.Fatalf("refs %d, request %d, record %d:\n%s\nwant\n%s", refs, i, j, same(&got.recs[j]), same(&want[j]))
				}
			}
		}
	}
}

func ptr[T any](x T) *T { return &x }

// same is a record in a form that tells all its values and their kinds. (Two
// times of one instant have pointers in them.)
func same(rec *encode.Record) string {
	b := encode.Protobuf{}.AppendInterned(nil, rec, nil)
	var e logpb.LogEntry
	if err := proto.Unmarshal(b, &e); err != nil {
		return err.Error()
	}
	return e.String()
}

// What the decoder makes of an entry is what the generated type makes of it. The
// records are sent through the generated type's own Marshal, so neither is tried
// on this project's bytes alone.
func TestDecodesAsGenerated(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	for range 500 {
		rec := g.record()
		var e logpb.LogEntry
		if err := proto.Unmarshal(encode.Protobuf{}.AppendInterned(nil, &rec, nil), &e); err != nil {
			t.Fatal(err)
		}
		msg, err := proto.Marshal(&logpb.PushRequest{Sequence: 7, Entries: []*logpb.LogEntry{&e}})
		if err != nil {
			t.Fatal(err)
		}
		d := &decoder{limit: 1}
		b, err := d.decode(string(msg))
		if err != nil || b.sequence != 7 || len(b.recs) != 1 {
			t.Fatalf("%+v, %v", b, err)
		}
		if got, want := entryOf(&b.recs[0]), &e; !proto.Equal(got, want) {
			t.Fatalf("decoded\n%v\nwant\n%v", got, want)
		}
	}
}

// Each refusal is for its own reason: the message with it is whole otherwise.
func TestDecodeRefuses(t *testing.T) {
	entry := func(body ...byte) string {
		return string(append([]byte{tagEntry, byte(len(body))}, body...))
	}
	for name, msg := range map[string]string{
		"a tag that does not end":             "\x80",
		"a tag of field 0":                    "\x00\x00",
		"a group":                             "\x0b\x0c",
		"a length beyond the end":             "\x12\x05a",
		"an entry that ends in a field":       entry(0x1a, 5, 'a'),
		"a message that is not UTF-8":         entry(0x1a, 1, 0xff),
		"an id of 3 bytes":                    entry(0x2a, 3, 1, 2, 3),
		"a trace id of 8 bytes":               entry(0x32, 8, 1, 2, 3, 4, 5, 6, 7, 8),
		"a string's number that was not told": entry(0x20, 5),
		"a string's number beyond the limit":  entry(0x1a, 1, 'a', 0x20, 0x81, 0x08),
		"a resource's number, not told":       entry(0x80, 1, 1),
		"a resource's number, beyond":         entry(0x7a, 0, 0x80, 1, 17),
		"a varint of 11 bytes":                "\x08" + strings.Repeat("\x80", 10) + "\x01",
		"more entries than the limit":         strings.Repeat(entry(), 4),
		"nesting":                             nested(60),
	} {
		d := &decoder{limit: 3}
		if _, err := d.decode(msg); !errors.Is(err, errWire) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (&decoder{limit: 3}).decode(nested(40)); err != nil {
		t.Errorf("40 levels of groups: %v", err)
	}
}

// nested is an entry with that many groups in each other.
func nested(levels int) string {
	var v logpb.Attribute
	for range levels {
		v = logpb.Attribute{Value: &logpb.Attribute_GroupValue{GroupValue: &logpb.Group{Attributes: []*logpb.Attribute{proto.CloneOf(&v)}}}}
	}
	b, _ := proto.Marshal(&logpb.PushRequest{Entries: []*logpb.LogEntry{{Attributes: []*logpb.Attribute{&v}}}})
	return string(b)
}

// S9, S34: what costs a hostile sender little must not cost the receiver much.
func TestS34_DecodeBudgets(t *testing.T) {
	d := &decoder{limit: 10}
	attr := string([]byte{0x42, 0}) // an empty attribute
	bomb := strings.Repeat(attr, maxElements+1)
	msg := string(protoLength(tagEntry, bomb))
	if _, err := d.decode(msg); !errors.Is(err, errWire) {
		t.Errorf("%d attributes: %v", maxElements+1, err)
	}
	long := strings.Repeat("x", maxInterned)
	told := string(protoLength(tagEntry, string(protoLength(0x1a, long))+"\x20\x01"))
	repeated := strings.Repeat(string(protoLength(0x42, "\x10\x01")), maxExpanded/maxInterned+1)
	if _, err := d.decode(told + string(protoLength(tagEntry, repeated))); !errors.Is(err, errWire) {
		t.Errorf("numbers for more than %d bytes: %v", maxExpanded, err)
	}
	tooLong := string(protoLength(tagEntry, string(protoLength(0x1a, long+"x"))+"\x20\x01"))
	if _, err := d.decode(tooLong); !errors.Is(err, errWire) {
		t.Errorf("a number for %d bytes: %v", maxInterned+1, err)
	}
}

// protoLength is a field of bytes.
func protoLength(tag byte, body string) []byte {
	b := []byte{tag}
	for n := len(body); ; n >>= 7 {
		if n < 0x80 {
			return append(append(b, byte(n)), body...)
		}
		b = append(b, byte(n)|0x80)
	}
}

// The arena's memory is used again, so what was in a batch must not be in the next.
func TestDecoderForgets(t *testing.T) {
	d := &decoder{limit: 10}
	full := generator{rand.New(rand.NewPCG(1, 2))}
	s := newTestSession(0, 0)
	for range 50 {
		rec := full.record()
		if _, err := d.decode(string(s.appendEntry(nil, &rec))); err != nil {
			t.Fatal(err)
		}
		b, err := d.decode(string([]byte{tagEntry, 0}))
		if err != nil || !reflect.DeepEqual(b.recs, []encode.Record{{Resource: &encode.Resource{}}}) {
			t.Fatalf("an empty entry is %+v, %v", b.recs, err)
		}
	}
}

// FuzzDecode: no bytes make the decoder panic or take much; and what it takes, the
// generated code takes as well.
func FuzzDecode(f *testing.F) {
	g := generator{rand.New(rand.NewPCG(3, 4))}
	s := newTestSession(8, 2)
	for range 20 {
		rec := g.record()
		f.Add(s.appendEntry(nil, &rec), s.appendEntry(nil, &rec))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d := &decoder{limit: 100}
		for _, msg := range [][]byte{first, second} {
			b, err := d.decode(string(msg))
			if err != nil {
				if !errors.Is(err, errWire) {
					t.Errorf("not about the wire: %v", err)
				}
				return
			}
			if len(d.refs.strings) > maxStringRef+1 || len(d.refs.resources) > maxResourceRef+1 {
				t.Errorf("tables of %d and %d", len(d.refs.strings), len(d.refs.resources))
			}
			for i := range b.recs {
				_ = same(&b.recs[i])
			}
		}
	})
}

// The worker decodes the next batch into the same memory, so what a pointer to a
// resource leads to is another one with the next Send.
func TestResourceOfTheNextSend(t *testing.T) {
	s, d, shared := newTestSession(0, 4), &decoder{limit: 1}, &encode.Resource{}
	for i, service := range []string{"a", "b", "a", "c", "d", "e", "a"} {
		shared.Service = service
		s.resources.begin()
		b, err := d.decode(string(s.appendEntry(nil, &encode.Record{Message: "m", Resource: shared})))
		if err != nil || b.recs[0].Resource.Service != service {
			t.Fatalf("Send %d: service %q instead of %q, %v", i, b.recs[0].Resource.Service, service, err)
		}
	}
}

// What a batch had is not kept in memory by the next.
func TestArenaLetsGo(t *testing.T) {
	var a arena
	a.attrs.push(slog.String("key", "value"))
	kept := a.attrs.pop(0)
	a.reset()
	if kept[0].Key != "" {
		t.Errorf("%v is still there", kept)
	}
}

// FuzzAnswers: no answers of a receiver make the sender panic, and none is taken for
// a request that was not sent.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte{1, 0, 2, 1, 3, 9})
	f.Fuzz(func(t *testing.T, answers []byte) {
		w := newWindow(100, 1<<20)
		s := &session{window: w}
		flight := &flight{session: s, recs: make([]encode.Record, 40), answers: transport.AnswersFor(40)}
		for first := 0; first < 40; first += 10 {
			if _, err := w.add(request{flight: flight, first: first, size: 10, bytes: 1}); err != nil {
				t.Fatal(err)
			}
		}
		done := 0
		for i := 0; i+1 < len(answers); i += 2 {
			a := &logpb.PushResponse{Sequence: uint64(answers[i]), Refused: []*logpb.Refusal{{Index: uint32(answers[i+1])}}}
			if w.answer(a) != nil {
				continue
			}
			if n := int(answers[i]); n*10 <= done || n > 4 || answers[i+1] > 9 {
				t.Fatalf("answer %v was taken after %d records", a, done)
			}
			done = int(answers[i]) * 10
			if flight.done != done || flight.open != 4-done/10 || w.bytes != flight.open {
				t.Fatalf("after answer %v: %d done, %d open, %d bytes", a, flight.done, flight.open, w.bytes)
			}
		}
	})
}
