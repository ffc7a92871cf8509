package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

type (
	port    int
	name    string
	flagged bool
	weight  uint16
	ratio   float32
	embeds  struct {
		plainItem
		Raw [3]byte
	}
	blob      []byte
	plainItem struct {
		A int    `json:"a"`
		B string `json:"b,omitempty"`
	}
	stringer    struct{ s string }
	ptrStringer struct{ s string }
	texter      struct{ err error }
	jsoner      struct{ text string }
	ptrError    struct{ s string }
	both        struct{} // error and Stringer and Marshaler
	boom        struct{} // every method panics
	badError    struct{} // Error and Unwrap panic
	loop        struct{} // LogValue returns itself
	selfGroup   struct{} // LogValue returns a group with itself
)

func (s stringer) String() string             { return "S:" + s.s }
func (s *ptrStringer) String() string         { return "P:" + s.s }
func (x texter) MarshalText() ([]byte, error) { return []byte("text"), x.err }
func (j jsoner) MarshalJSON() ([]byte, error) { return []byte(j.text), nil }
func (e *ptrError) Error() string             { return e.s }
func (both) Error() string                    { return "the error" }
func (both) String() string                   { return "the string" }
func (both) MarshalJSON() ([]byte, error)     { return []byte(`"the json"`), nil }
func (boom) String() string                   { panic("no string") }
func (badError) Error() string                { panic("no message") }
func (badError) Unwrap() error                { panic("no cause") }
func (l loop) LogValue() slog.Value           { return slog.AnyValue(l) }
func (s selfGroup) LogValue() slog.Value      { return slog.GroupValue(slog.Any("again", s)) }

type panicValuer struct{ v any }

func (p panicValuer) LogValue() slog.Value { panic(p.v) }

type panicJSON struct{}

func (panicJSON) MarshalJSON() ([]byte, error) { panic("no json") }

type badText struct{}

func (badText) MarshalText() ([]byte, error) { panic(errors.New("no text")) }

// hidden holds what neither JSON nor a walk for JSON should look into.
type hidden struct {
	Shown  jsonOne
	Secret chan int `json:"-"`
	self   *hidden
}

func newHidden() *hidden {
	h := &hidden{Secret: make(chan int)}
	h.self = h
	return h
}

type jsonOne struct{}

func (jsonOne) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

func ptr[T any](v T) *T { return &v }

// TestAny says what becomes of each kind of value.
func TestAny(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	cases := []struct {
		name string
		in   any
		want string
	}{
		{"nil", nil, "<nil>(<nil>)"},
		{"bytes", []byte{1, 2}, "bytes(0102)"},
		{"empty bytes", []byte{}, "bytes()"},
		{"nil bytes", []byte(nil), "<nil>(<nil>)"},
		{"named bytes", blob{3}, "bytes(03)"},
		{"named int", port(80), "Int64(80)"},
		{"named string", name("x"), `"x"`},
		{"named bool", flagged(true), "Bool(true)"},
		{"named uint", weight(3), "Uint64(3)"},
		{"named float", ratio(0.5), "float64(0x1p-01)"},
		{"hidden fields", newHidden(), `json({"Shown":1})`},
		{"embedded", embeds{plainItem{A: 2}, [3]byte{1}}, `json({"a":2,"Raw":[1,0,0]})`},
		{"nil source", (*slog.Source)(nil), ""},
		{"source with a file", &slog.Source{File: "f"}, `{"file"="f" }`},
		{"long panic", panicValuer{strings.Repeat("é", 5000)}, `"!PANIC: ` + strings.Repeat("é", 508) + `…!TRUNCATED"`},
		{"float32", float32(0.5), "float64(0x1p-01)"},
		{"complex", complex(1, 2), `"!ERROR: json: unsupported type: complex128: (1+2i)"`},
		{"pointer to int", ptr(7), "Int64(7)"},
		{"pointer to pointer", ptr(ptr("x")), `"x"`},
		{"nil pointer", (*int)(nil), "<nil>(<nil>)"},
		{"pointer to time", &at, "time(1767323045.000000006 0)"},
		{"nil pointer to time", (*time.Time)(nil), "<nil>(<nil>)"},
		{"pointer to duration", ptr(time.Second), "Duration(1s)"},
		{"struct", plainItem{A: 1}, `json({"a":1})`},
		{"pointer to struct", &plainItem{A: 1, B: "<&>"}, `json({"a":1,"b":"<&>"})`},
		{"map", map[string]any{"b": nil, "a": []int{1}}, `json({"a":[1],"b":null})`},
		{"nil map", map[string]int(nil), "<nil>(<nil>)"},
		{"strings", []string{"a", "b"}, `["a" "b"]`},
		{"nil strings", []string(nil), "<nil>(<nil>)"},
		{"no strings", []string{}, "[]"},
		{"ints", []int{1, -2}, "[Int64(1) Int64(-2)]"},
		{"array", [2]uint8{1, 2}, "[Uint64(1) Uint64(2)]"},
		{"durations", []time.Duration{1}, "[Duration(1ns)]"},
		{"errors", []error{errors.New("x"), nil}, `[error(*errors.errorString "x") <nil>(<nil>)]`},
		{"structs", []plainItem{{A: 1}}, `[json({"a":1})]`},
		{"mixed", []any{1, "a", []any{2.5}, slog.Int("k", 1), valuer{slog.StringValue("lv")}, []slog.Attr{}}, `[Int64(1) "a" [float64(0x1.4p+01)] {"k"=Int64(1) } "lv" <nil>(<nil>)]`},
		{"values", []slog.Value{slog.IntValue(1), slog.AnyValue(valuer{slog.IntValue(2)})}, "[Int64(1) Int64(2)]"},
		{"attr", slog.Int("k", 1), `{"k"=Int64(1) }`},
		{"attrs", []slog.Attr{slog.Int("k", 1)}, `{"k"=Int64(1) }`},
		{"source", &slog.Source{Function: "f", Line: 3}, `{"function"="f" "line"=Int64(3) }`},
		{"stringer", stringer{"x"}, `"S:x"`},
		{"pointer stringer", &ptrStringer{"x"}, `"P:x"`},
		{"nil stringer", (*ptrStringer)(nil), `"<nil>"`},
		{"text", texter{}, `"text"`},
		{"text fails", texter{fs.ErrNotExist}, `"!ERROR: file does not exist"`},
		{"addr", netip.MustParseAddr("10.0.0.1"), `"10.0.0.1"`},
		{"url", &url.URL{Scheme: "http", Host: "h"}, `"http://h"`},
		{"big", big.NewInt(5), "json(5)"},
		{"json is compacted", jsoner{"{ \"a\" : [1, 2] }"}, `json({"a":[1,2]})`},
		{"raw message", json.RawMessage(` [1, 2]`), "json([1,2])"},
		{"nil marshaler", (*jsoner)(nil), "<nil>(<nil>)"},
		{"given json", encode.JSON(`{"a":1}`), `json({"a":1})`},
		{"given json is not json", encode.JSON(`{`), `"!ERROR: invalid JSON: {"`},
		{"json with invalid UTF-8", encode.JSON("\"a\xff\""), "json(\"a\ufffd\")"},
		{"error", both{}, `error(codec.both "the error")`},
		{"nil error pointer", (*ptrError)(nil), `error(*codec.ptrError "<nil>")`},
		{"nil given error", (*encode.Error)(nil), "<nil>(<nil>)"},
		{"chan in struct", struct{ C func() }{}, `"!ERROR: json: unsupported type: func(): {C:<nil>}"`},
		{"nan in map", map[string]float64{"x": math.NaN()}, `"!ERROR: json: unsupported value: NaN: map[x:NaN]"`},
		{"panic in LogValue", panicValuer{"why"}, `"!PANIC: why"`},
		{"panic with an error", panicValuer{errors.New("why")}, `"!PANIC: why"`},
		{"panic in a nil LogValuer", (*panicValuer)(nil), `"<nil>"`},
		{"panic in String", boom{}, `"!PANIC: no string"`},
		{"panic in MarshalText", badText{}, `"!PANIC: no text"`},
		{"panic in MarshalJSON", panicJSON{}, `"!PANIC: no json"`},
		{"panic below", map[string]any{"x": panicJSON{}}, `"!PANIC: no json"`},
		{"panic in Error", badError{}, `error(codec.badError "!PANIC: no message")`},
		{"panic in a list", []any{1, boom{}}, `[Int64(1) "!PANIC: no string"]`},
		{"LogValue without end", loop{}, `"!ERROR: codec.loop: LogValue leads to more than 100 others"`},
		{"LogValuer behind a pointer", ptr[any](valuer{slog.IntValue(3)}), "Int64(3)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := through(t, slog.Any("k", c.in))
			if c.want == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || got[0].Key != "k" || dumpValue(got[0].Value) != c.want {
				t.Errorf("got %s, want %s", dump(got), c.want)
			}
		})
	}
}

// fmt prints a pointer inside a value and does not follow it, so a cycle there
// is no reason to keep silent.
func TestWhatJSONRefusesIsPrinted(t *testing.T) {
	v := struct {
		F func()
		h *hidden
	}{h: newHidden()}
	got := through(t, slog.Any("k", v))[0].Value.String()
	if !strings.HasPrefix(got, "!ERROR: json: unsupported type: func(): {F:<nil> h:0x") {
		t.Errorf("got %s", got)
	}
}

func TestGroupsAndEmptyAttributes(t *testing.T) {
	got := dump(through(t,
		slog.Attr{}, slog.Any("", nil), slog.Any("", valuer{slog.Value{}}), slog.Int("", 1), slog.Any("n", nil),
		slog.Group("empty"), slog.Group("hollow", slog.Attr{}, slog.Group("x", slog.Attr{})),
		slog.Group("", slog.Int("a", 1), slog.Group("", slog.Int("b", 2))),
		slog.Any("", valuer{slog.GroupValue(slog.Int("c", 3))}),
		slog.Group("g", slog.Int("d", 4), slog.Group("h", slog.Any("e", valuer{slog.GroupValue(slog.Int("f", 5))}))),
	))
	want := `""=Int64(1) "n"=<nil>(<nil>) "a"=Int64(1) "b"=Int64(2) "c"=Int64(3) "g"={"d"=Int64(4) "h"={"e"={"f"=Int64(5) } } } `
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestGroupsLeftOpenAndEmpty(t *testing.T) {
	p := AppendGroup(AppendAttr(AppendGroup(AppendGroup(nil, "a"), ""), slog.Int("x", 1)), "b")
	if got, want := dump(decode(t, p)), `"a"={"x"=Int64(1) } `; got != want {
		t.Errorf("open and empty: got %s, want %s", got, want)
	}
	p = AppendAttr(AppendGroupEnd(AppendGroup(AppendGroup(nil, "a"), "b")), slog.Int("y", 2))
	if got, want := dump(decode(t, p)), `"a"={"y"=Int64(2) } `; got != want {
		t.Errorf("after an empty one: got %s, want %s", got, want)
	}
}

type causer struct {
	msg    string
	causes []error
}

func (c *causer) Error() string   { return c.msg }
func (c *causer) Unwrap() []error { return c.causes }

type traced struct{ pcs []uintptr }

func (traced) Error() string           { return "traced" }
func (t traced) StackTrace() []uintptr { return t.pcs }

type tracedCallers struct{ traced }

func (t tracedCallers) Callers() []uintptr { return t.pcs }
func (tracedCallers) StackTrace() string   { return "of another type" }

func TestErrorCauses(t *testing.T) {
	inner := errors.New("inner")
	err := fmt.Errorf("outer: %w", errors.Join(inner, fmt.Errorf("mid: %w", fs.ErrClosed)))
	got := through(t, slog.Any("err", err))
	if want := dumpError(modelError(err)); dumpValue(got[0].Value) != want {
		t.Errorf("got %s, want %s", dumpValue(got[0].Value), want)
	}

	cyclic := &causer{msg: "c"}
	cyclic.causes = []error{cyclic, nil, cyclic}
	got = through(t, slog.Any("err", cyclic))
	number, depth := 0, 0
	var count func(e *encode.Error, at int)
	count = func(e *encode.Error, at int) {
		depth = max(depth, at)
		for _, c := range e.Causes {
			number++
			count(c, at+1)
		}
	}
	count(got[0].Value.Any().(*encode.Error), 0)
	if number != maxCauses || depth != maxCauseDepth || truncated(got) == 0 {
		t.Errorf("cycle: %d causes, %d deep, %d cut", number, depth, truncated(got))
	}
}

func TestErrorFrames(t *testing.T) {
	var pcs [8]uintptr
	n := runtime.Callers(1, pcs[:])
	for _, err := range []error{traced{pcs[:n]}, tracedCallers{traced{pcs[:n]}}} {
		e := through(t, slog.Any("err", err))[0].Value.Any().(*encode.Error)
		if len(e.Frames) == 0 || !strings.HasSuffix(e.Frames[0].Function, "codec.TestErrorFrames") || e.Frames[0].Line == 0 {
			t.Errorf("%T: frames %+v", err, e.Frames)
		}
	}
	deep := make([]uintptr, 3*maxFrames)
	for i := range deep {
		deep[i] = pcs[0]
	}
	got := through(t, slog.Any("err", traced{deep}))
	if e := got[0].Value.Any().(*encode.Error); len(e.Frames) != maxFrames || truncated(got) != 1 {
		t.Errorf("deep stack: %d frames, %d cut", len(e.Frames), truncated(got))
	}
	got = through(t, slog.Any("err", traced{[]uintptr{1, 0, math.MaxUint}}))
	if e := got[0].Value.Any().(*encode.Error); e.Message != "traced" {
		t.Errorf("addresses of nothing: %s", dump(got))
	}
}

// An error that was read is written as it was: dead letters and other records
// made of records keep it.
func TestGivenErrorIsKept(t *testing.T) {
	want := &encode.Error{Type: "T", Message: "m", Frames: []encode.Frame{{Function: "f", File: "x", Line: -1}},
		Causes: []*encode.Error{{Type: "U", Message: "n"}}}
	got := through(t, slog.Any("err", want))[0].Value.Any().(*encode.Error)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %s, want %s", dumpError(got), dumpError(want))
	}
}
