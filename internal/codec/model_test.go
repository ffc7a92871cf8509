package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// The reference: what slog's rules make of attributes, written as plainly as
// possible, with values copied into new memory.

func modelAttrs(attrs []slog.Attr) []slog.Attr {
	var out []slog.Attr
	for _, a := range attrs {
		v := modelValue(a.Value)
		switch {
		case v.Kind() == slog.KindGroup && a.Key == "":
			out = append(out, v.Group()...)
		case v.Kind() == slog.KindGroup && len(v.Group()) == 0:
		case a.Key == "" && v.Equal(slog.Value{}):
		default:
			out = append(out, slog.Attr{Key: a.Key, Value: v})
		}
	}
	return out
}

func modelValue(v slog.Value) slog.Value {
	v = v.Resolve()
	switch {
	case v.Kind() == slog.KindGroup:
		return slog.GroupValue(modelAttrs(v.Group())...)
	case v.Kind() == slog.KindAny && v.Any() != nil:
		return modelAny(v.Any())
	}
	return v
}

func modelAny(x any) slog.Value {
	switch x := x.(type) {
	case error:
		return slog.AnyValue(modelError(x))
	case []byte:
		return slog.AnyValue(bytes.Clone(x))
	case map[string]any:
		text, _ := json.Marshal(x)
		return slog.AnyValue(encode.JSON(text))
	}
	var list []slog.Value
	for v, i := reflect.ValueOf(x), 0; i < v.Len(); i++ {
		e := modelValue(slog.AnyValue(v.Index(i).Interface()))
		if e.Kind() == slog.KindGroup && len(e.Group()) == 0 {
			e = slog.Value{}
		}
		list = append(list, e)
	}
	return slog.AnyValue(list)
}

func modelError(err error) *encode.Error {
	e := &encode.Error{Type: fmt.Sprintf("%T", err), Message: err.Error()}
	if x, ok := err.(interface{ Unwrap() []error }); ok {
		for _, c := range x.Unwrap() {
			e.Causes = append(e.Causes, modelError(c))
		}
	} else if c := errors.Unwrap(err); c != nil {
		e.Causes = append(e.Causes, modelError(c))
	}
	return e
}

// source makes attributes out of any bytes. When they run out it gives zeros,
// which make leaves, so it always ends.
type source struct{ data []byte }

func (s *source) byte() byte {
	if len(s.data) == 0 {
		return 0
	}
	c := s.data[0]
	s.data = s.data[1:]
	return c
}

func (s *source) uint64() (n uint64) {
	for range 8 {
		n = n<<8 | uint64(s.byte())
	}
	return n
}

func (s *source) string() string {
	n := min(int(s.byte()), len(s.data))
	str := string(s.data[:n])
	s.data = s.data[n:]
	if n == 201 {
		return string(bytes.Repeat([]byte(str), 5)) // beyond the fast path, below maxName
	}
	return str
}

func (s *source) attrs(depth int) (attrs []slog.Attr) {
	for range s.byte() % 6 {
		a := slog.Attr{Key: s.string(), Value: s.value(depth)}
		if s.byte()%8 == 0 {
			a = slog.Attr{Key: "", Value: a.Value}
		}
		attrs = append(attrs, a)
	}
	return attrs
}

type valuer struct{ v slog.Value }

func (l valuer) LogValue() slog.Value { return l.v }

func (s *source) value(depth int) slog.Value {
	kind := s.byte() % 16
	if depth > 4 {
		kind %= 10
	}
	switch kind {
	case 0:
		return slog.Value{}
	case 1, 2:
		return slog.StringValue(s.string())
	case 3:
		return slog.Int64Value(int64(s.uint64()))
	case 4:
		return slog.Uint64Value(s.uint64())
	case 5:
		return slog.Float64Value(float64(s.uint64()) / 3)
	case 6:
		return slog.BoolValue(s.byte()&1 == 1)
	case 7:
		return slog.DurationValue(time.Duration(s.uint64()))
	case 8:
		return slog.TimeValue(s.time())
	case 9:
		return slog.AnyValue([]byte(s.string()))
	case 10:
		return slog.AnyValue(s.error(0))
	case 11:
		return slog.AnyValue(map[string]any{"k": s.byte(), "l": []int{1, int(s.byte())}})
	case 12:
		return slog.AnyValue([]any{s.value(depth + 1), "x", valuer{s.value(depth + 1)}})
	case 13:
		return slog.AnyValue(valuer{s.value(depth + 1)})
	default:
		return slog.GroupValue(s.attrs(depth + 1)...)
	}
}

func (s *source) time() time.Time {
	switch s.byte() % 4 {
	case 0:
		return time.Time{}
	case 1:
		return time.Unix(0, int64(s.uint64())).UTC()
	case 2:
		return time.Unix(int64(s.uint64()>>8), int64(s.byte())).In(time.FixedZone("x", int(s.byte())*300-38000))
	default:
		return time.Unix(0, int64(s.uint64())) // Local
	}
}

func (s *source) error(depth int) error {
	switch kind := s.byte() % 4; {
	case kind == 1 && depth < 3:
		return fmt.Errorf("%s: %w", s.string(), s.error(depth+1))
	case kind == 2 && depth < 3:
		return errors.Join(s.error(depth+1), s.error(depth+1))
	default:
		return errors.New(s.string())
	}
}

// checkModel logs what data stands for as a handler would: some attributes
// and groups in a prefix, the others in the record.
func checkModel(t *testing.T, data []byte) {
	s := &source{data}
	var prefix []byte
	var open []string // groups of the prefix
	var levels [][]slog.Attr
	for range s.byte() % 4 {
		attrs := s.attrs(0)
		levels = append(levels, attrs)
		for _, a := range attrs {
			prefix = AppendAttr(prefix, a)
		}
		name := "g" + s.string()
		open = append(open, name)
		prefix = AppendGroup(prefix, name)
	}
	own := s.attrs(0)
	want := own
	for i := len(open) - 1; i >= 0; i-- {
		want = append(levels[i][:len(levels[i]):len(levels[i])], slog.Attr{Key: open[i], Value: slog.GroupValue(want...)})
	}
	h := s.header()
	payload := AppendEncoded(AppendHeader(nil, h), prefix)
	for _, a := range own {
		payload = AppendAttr(payload, a)
	}
	var d Decoder
	var rec encode.Record
	if err := d.Decode(string(payload), &rec); err != nil {
		t.Fatalf("Decode: %v\npayload %x", err, payload)
	}
	if got, want := dump(rec.Attrs), dump(modelAttrs(want)); got != want {
		n := 0
		for n < min(len(got), len(want)) && got[n] == want[n] {
			n++
		}
		t.Fatalf("attributes differ from byte %d:\n got …%.300s\nwant …%.300s\npayload %x", n, got[max(n-50, 0):], want[max(n-50, 0):], payload)
	}
	checkHeader(t, h, &rec)
}

func (s *source) header() *Header {
	h := &Header{
		Time: s.time(), Observed: s.time(), Level: slog.Level(int8(s.byte())),
		Message: s.string(), Scope: s.string(),
	}
	copy(h.ID[:], s.string())
	copy(h.Trace.TraceID[:], s.string())
	h.Trace.Flags = s.byte()
	if s.byte()%2 == 1 {
		h.Source = AppendSource(nil, &slog.Source{Function: s.string(), File: s.string(), Line: int(s.byte())})
	}
	for range s.byte() % 5 {
		h.Stack = append(h.Stack, encode.Frame{Function: s.string(), File: s.string(), Line: int(s.byte())})
	}
	return h
}

func checkHeader(t *testing.T, h *Header, rec *encode.Record) {
	t.Helper()
	if !rec.Time.Equal(h.Time) || !rec.Observed.Equal(h.Observed) {
		t.Fatalf("times %v, %v, want %v, %v", rec.Time, rec.Observed, h.Time, h.Observed)
	}
	_, got := rec.Time.Zone()
	if _, want := h.Time.Zone(); got != want && !h.Time.IsZero() {
		t.Fatalf("zone offset %d, want %d", got, want)
	}
	if rec.ID != h.ID || rec.Level != h.Level || rec.Message != h.Message || rec.Scope != h.Scope || rec.Trace != h.Trace {
		t.Fatalf("got %+v, want %+v", rec, h)
	}
	if src := AppendSource(nil, &rec.Source); h.Source != nil && !bytes.Equal(src, h.Source) {
		t.Fatalf("source %+v, want %q", rec.Source, h.Source)
	}
	if !reflect.DeepEqual(rec.Stack, h.Stack) {
		t.Fatalf("stack %+v, want %+v", rec.Stack, h.Stack)
	}
}

func randomData(r *rand.Rand, n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(r.Uint32())
		if r.IntN(3) == 0 {
			data[i] %= 24 // short lengths keep the structure deep
		}
	}
	return data
}

func TestRandomRecordsAgreeWithTheModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 5000 {
		checkModel(t, randomData(r, r.IntN(900)))
	}
}

func FuzzModel(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		f.Add(randomData(r, 600))
	}
	f.Fuzz(checkModel)
}
