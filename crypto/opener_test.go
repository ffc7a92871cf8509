package crypto

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/slogship/slogship/encode"
)

func TestOpenAt(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{}, r)
	o := NewOpener(r, nil)
	bound := seal(t, s, testID, "user.email", slog.StringValue("x"))
	with := seal(t, s, encode.ID{}, "user.email", slog.StringValue("x"))
	other := encode.ID{9}
	for _, c := range []struct {
		token string
		at    Place
		moved bool
	}{
		{bound, Place{"shop", "user.email", testID}, false}, {bound, Place{"", "user.email", encode.ID{}}, false},
		{bound, Place{"shop", "user.email", other}, true}, {bound, Place{"shop", "user.name", testID}, true},
		{bound, Place{"till", "user.email", testID}, true}, {bound, Place{"shop", "", testID}, true},
		{with, Place{"shop", "user.email", other}, false}, {with, Place{"shop", "user", other}, true},
	} {
		v, err := o.OpenAt(t.Context(), c.token, c.at)
		if moved := errors.Is(err, ErrMoved); moved != c.moved || !moved && err != nil || v.Value.String() != "x" {
			t.Errorf("at %+v: %v, %v", c.at, v, err)
		}
	}
}

// A document is what it was before it was sealed, in its types, too.
func TestOpenJSONTypes(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{Rules: []Rule{{Key: "*"}}}, r)
	clear, sealed := &encode.Record{ID: testID, Message: "m"}, &encode.Record{ID: testID, Message: "m"}
	for name, v := range kinds() {
		clear.Attrs = append(clear.Attrs, slog.Attr{Key: name, Value: v})
		sealed.Attrs = append(sealed.Attrs, slog.String(name, seal(t, s, testID, name, v)))
	}
	want, _ := encode.JSONLines{}.AppendRecord(nil, clear)
	doc, _ := encode.JSONLines{}.AppendRecord(nil, sealed)
	got, c, err := NewOpener(r, &OpenerOptions{Layout: &Layout{Service: "shop"}}).OpenJSON(t.Context(), doc)
	if err != nil || c.Opened != uint64(len(kinds())) || c.Failed() > 0 || !bytes.Equal(got, want) {
		t.Errorf("%+v, %v\ngot  %s\nwant %s", c, err, got, want)
	}
}

func TestOpenJSONOthers(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	token := seal(t, compileWith(t, Policy{}, r), testID, "a", slog.StringValue("x\"\n\u2028"))
	foreign := seal(t, compile(t, Policy{}), testID, "a", slog.StringValue("x"))
	unknown := strings.Replace(token, ".k1.", ".k9.", 1)
	salt, tag := changed(token, 30), changed(token, len(token)-8)
	o := NewOpener(r, nil)
	for in, want := range map[string]string{
		`{}`: `{}`, ` [1 , 2.50] `: ` [1 , 2.50] `, `"x"`: `"x"`, `"` + token + `"`: `"x\"\n\u2028"`,
		`{"` + token + `":1}`:            `{"` + token + `":1}`, // a name stays
		`["a ` + token + ` b"]`:          `["a x\"\n\u2028 b"]`,
		`["` + foreign + `"]`:            `["!WRONG_KEY ` + foreign + `"]`,
		`["` + unknown + `"]`:            `["!UNKNOWN_KEY ` + unknown + `"]`,
		`["` + token[:50] + `"]`:         `["!TRUNCATED ` + token[:50] + `"]`,
		`["` + salt + `"]`:               `["!WRONG_KEY ` + salt + `"]`,
		`["` + tag + `"]`:                `["!TAMPERED ` + tag + `"]`,
		`["slogseal2.x~"]`:               `["!NEWER_VERSION slogseal2.x~"]`,
		`["slogseal is a word"]`:         `["slogseal is a word"]`,
		`["{\"in\":\"` + token + `\"}"]`: `["{\"in\":\"x\\\"\\n\\u2028\"}"]`, // JSON in a string stays JSON
		`["!UNKNOWN_KEY ` + token + `"]`: `["x\"\n\u2028"]`,                  // an earlier run had no key
		`["!WRONG_KEY ` + foreign + `"]`: `["!WRONG_KEY ` + foreign + `"]`,
	} {
		got, c, err := o.OpenJSON(t.Context(), []byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%s\ngot  %s\nwant %s\n%+v, %v", in, got, want, c, err)
		}
	}
	for _, bad := range []string{"", "{", `{"a":` + token, `{"a":1}}`} {
		if got, _, err := o.OpenJSON(t.Context(), []byte(bad)); !errors.Is(err, ErrJSON) || string(got) != bad {
			t.Errorf("%s: %s, %v", bad, got, err)
		}
	}
}

// Told how documents are laid out, the opener sees what was moved, and where a
// record's id is only after the value.
func TestLayout(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{}, r)
	token := seal(t, s, testID, "user.email", slog.StringValue("x"))
	message := seal(t, s, testID, "", slog.StringValue("x"))
	level := seal(t, s, testID, "level", slog.StringValue("x"))
	nested := &Layout{Root: "labels", Record: "meta.id", Message: "line"}
	for _, c := range []struct {
		layout *Layout
		doc    string
		moved  bool
	}{
		{&Layout{}, `{"user":{"email":"T"},"log_id":"ID"}`, false}, {&Layout{}, `{"log_id":"ID","user.email":"T"}`, false},
		{&Layout{}, `{"user":{"email":["T"]},"log_id":"ID"}`, false}, {&Layout{}, `{"user":{"email":"T"}}`, false},
		{&Layout{}, `{"user":{"name":"T"},"log_id":"ID"}`, true}, {&Layout{}, `{"email":"T","log_id":"ID"}`, true},
		{&Layout{}, `{"user":{"email":"T"},"log_id":"019ab0f2-0506-7008-800a-0b0c0d0e0f11"}`, true},
		{&Layout{}, `{"user":{"email":{"message":"a T","type":"t","causes":[{"causes":[{"message":"b"}]}]}},"log_id":"ID"}`, false},
		{&Layout{}, `{"user":{"email":{"causes":[{"causes":[{"message":"b T"}]}]}},"log_id":"ID"}`, false},
		{&Layout{}, `{"user":{"message":"T"},"log_id":"ID"}`, true}, {&Layout{}, `{"user":{"email":{"type":"T"}},"log_id":"ID"}`, true},
		{&Layout{Service: "till"}, `{"user":{"email":"T"},"log_id":"ID"}`, true}, {&Layout{}, `{"msg":"a M b","log_id":"ID"}`, false},
		{&Layout{}, `{"message":"M","log_id":"ID"}`, true}, {&Layout{}, `{"level":"INFO","level#2":"L"}`, false}, {&Layout{}, `["T"]`, true},
		{nested, `{"labels":{"user":{"email":"T"}},"meta":{"x":[{}],"id":"ID"}}`, false}, {nested, `{"line":"M","meta":{"id":"ID"}}`, false},
		{nested, `{"other":{"user":{"email":"T"}},"meta":{"id":"ID"}}`, true}, {nil, `{"anywhere":"T"}`, false},
	} {
		doc := strings.NewReplacer("T", token, "ID", testID.String(), "M", message, "L", level).Replace(c.doc)
		if strings.Contains(c.doc, "INFO") {
			doc = `{"level":"INFO","level#2":"` + level + `"}`
		}
		got, n, err := NewOpener(r, &OpenerOptions{Layout: c.layout}).OpenJSON(t.Context(), []byte(doc))
		if err != nil || n.Moved == 1 != c.moved || n.Opened == 1 == c.moved || c.moved != strings.Contains(string(got), "!MOVED "+Prefix) {
			t.Errorf("%s: %+v, %v: %s", c.doc, n, err, got)
		}
	}
}

// The path of a value deep in a document is kept in part: all of them at a time
// would be the square of the document.
func TestDeepPlaces(t *testing.T) {
	const levels = 1000
	doc := strings.Repeat(`{"`+strings.Repeat("k", 500)+`":`, levels) + `"` + Prefix + `x"` + strings.Repeat("}", levels)
	o := NewOpener(testRing(t, testKey(t, "k1")), &OpenerOptions{Layout: &Layout{}})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, n, err := o.OpenJSON(t.Context(), []byte(doc))
	runtime.ReadMemStats(&after)
	if err != nil || n.Truncated != 1 {
		t.Errorf("%+v, %v", n, err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 50<<20 {
		t.Errorf("%d bytes for a document of %d", took, len(doc))
	}
}

// What was sealed cannot make lines, or control a terminal, when it is opened.
func TestOpenTextEscapes(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{}, r)
	o := NewOpener(r, nil)
	for _, c := range []struct {
		v        slog.Value
		in, want string
	}{
		{slog.StringValue("word"), "a=T b", "a=word b"}, {slog.StringValue("two words"), "a=T", `a="two words"`},
		{slog.StringValue("x\nlevel=INFO"), "a=T", `a="x\nlevel=INFO"`}, {slog.StringValue("\x1b[31m\u202e"), "T", `"\u001b[31m\u202e"`},
		{slog.StringValue(`q"q`), `"a":"T",`, `"a":"q\"q",`}, {slog.IntValue(5), "n=T.", "n=5."}, {slog.StringValue(""), "e=T", `e=""`},
		{slog.DurationValue(time.Second), "d=T", "d=1s"}, {slog.AnyValue(encode.JSON(`{"a":1}`)), "j=T", `j="{\"a\":1}"`},
	} {
		token := seal(t, s, testID, "a", c.v)
		if got, n := o.OpenText(t.Context(), strings.ReplaceAll(c.in, "T", token)); got != c.want || n.Opened != 1 {
			t.Errorf("%v in %s: %s, want %s", c.v, c.in, got, c.want)
		}
	}
}

func TestReader(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{}, r)
	five := seal(t, s, testID, "n", slog.IntValue(5))
	foreign := seal(t, compile(t, Policy{}), testID, "a", slog.StringValue("x"))
	long := strings.Repeat("x", MaxLine) + five
	in := `{"n":"` + five + `"}` + "\n" + "n=" + five + "\r\n\n" + long + "\n" + `{"bad":"` + five + "\nplain\n" + `["` + foreign + `"]` + "\n  " + `[ "` + five + `" ] `
	want := `{"n":5}` + "\n" + "n=5\r\n\n" + long + "\n" + `{"bad":"5` + "\nplain\n" + `["!WRONG_KEY ` + foreign + `"]` + "\n  [ 5 ] "
	for name, reader := range map[string]io.Reader{
		"whole": strings.NewReader(in), "halves": iotest.HalfReader(strings.NewReader(in)), "with EOF": iotest.DataErrReader(strings.NewReader(in)),
	} {
		stream := NewOpener(r, nil).NewReader(t.Context(), reader)
		got, err := io.ReadAll(stream)
		if c := stream.Counts(); err != nil || string(got) != want || c != (Counts{Opened: 4, WrongKey: 1, LongLines: 1}) {
			t.Errorf("%s: %+v, %v: %d bytes, want %d", name, c, err, len(got), len(want))
		}
	}
	if err := iotest.TestReader(NewOpener(r, nil).NewReader(t.Context(), strings.NewReader(in[:1000])), []byte(opened(t, r, in[:1000]))); err != nil {
		t.Error(err)
	}
	broken := errors.New("broken")
	if _, err := io.ReadAll(NewOpener(r, nil).NewReader(t.Context(), io.MultiReader(strings.NewReader("a"), iotest.ErrReader(broken)))); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

func opened(t *testing.T, r *Keyring, in string) string {
	t.Helper()
	out, err := io.ReadAll(NewOpener(r, nil).NewReader(t.Context(), strings.NewReader(in)))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// lines is a stream of n copies of a line, and the most memory that was in use
// when it was looked at.
type lines struct {
	line []byte
	n    int
	rest []byte
	most uint64
}

func (l *lines) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		if l.n == 0 {
			return 0, io.EOF
		}
		if l.n--; l.n%5000 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			l.most = max(l.most, m.HeapAlloc)
		}
		l.rest = l.line
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// The memory of a Reader does not depend on the length of the stream.
func TestReaderMemory(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	token := seal(t, compileWith(t, Policy{}, r), testID, "n", slog.StringValue(strings.Repeat("x", 100)))
	in := &lines{line: []byte(`{"msg":"hello","n":"` + token + `"}` + "\n"), n: 30_000}
	switch {
	case nightly():
		in.n = 2_000_000
	case testing.Short():
		in.n = 10_000
	}
	n := in.n
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	stream := NewOpener(r, nil).NewReader(t.Context(), in)
	if _, err := io.Copy(io.Discard, stream); err != nil {
		t.Fatal(err)
	}
	if c := stream.Counts(); c.Opened != uint64(n) {
		t.Errorf("%+v", c)
	}
	if grown := int64(in.most) - int64(before.HeapAlloc); grown > 2<<20 {
		t.Errorf("%d bytes are in use while %d go through", grown, n*len(in.line))
	} else {
		t.Logf("%d MB went through in %d KiB", n*len(in.line)/1e6, grown>>10)
	}
}

// What comes out of the stream is JSON wherever it was JSON, whatever was sealed.
func FuzzOpenJSON(f *testing.F) {
	r := testRing(f, testKey(f, "k1"))
	s := compileWith(f, Policy{}, r)
	f.Add("x", `{"a":"T"}`)
	f.Add("\x00\"\\\u2028", `["T T",{"T":"T"},"\"T\\"]`)
	f.Add("", ` "T" `)
	o := NewOpener(r, nil)
	f.Fuzz(func(t *testing.T, value, doc string) {
		in := []byte(strings.ReplaceAll(doc, "T", seal(t, s, testID, "a", slog.StringValue(value))))
		out, _, err := o.OpenJSON(t.Context(), in)
		if err == nil && !json.Valid(out) || err != nil && json.Valid(in) {
			t.Errorf("%q in %q: %q, %v", value, doc, out, err)
		}
	})
}

func TestValueJSON(t *testing.T) {
	for want, v := range map[string]slog.Value{
		"null": slog.AnyValue(nil), `"x"`: slog.StringValue("x"), "1500000000": slog.DurationValue(1500 * time.Millisecond), `"NaN"`: slog.Float64Value(math.NaN()),
		`{"a":{"b":true}}`: slog.GroupValue(slog.Group("a", slog.Bool("b", true))),
	} {
		if got := string(valueJSON(v)); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	// Each kind gives one JSON value.
	for name, v := range kinds() {
		if got := valueJSON(v); !json.Valid(got) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if reflect.TypeFor[Counts]().NumField() != 9 {
		t.Error(fmt.Errorf("a new count has to be added up in Counts.add and Failed"))
	}
}
