package encode_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

// copyJSON returns what becomes of an encode.JSON, and whether it was taken as
// JSON or written as a string.
func copyJSON(t testing.TB, text string) (out string, taken bool) {
	t.Helper()
	enc := encode.JSONLines{Keys: encode.Keys{Time: "-", Level: "-", Message: "-"}}
	line := encodeLine(t, enc, &encode.Record{Attrs: []slog.Attr{slog.Any("j", encode.JSON(text))}})
	out = strings.TrimSuffix(strings.TrimPrefix(line, `{"j":`), "}")
	var s string
	err := json.Unmarshal([]byte(out), &s)
	return out, err != nil || s != clean(text)
}

// Each rule of RFC 8259's grammar, by a text that keeps it and what is written.
func TestJSONTextTaken(t *testing.T) {
	tests := []struct{ in, want string }{
		{`null`, `null`}, {`true`, `true`}, {`false`, `false`}, {` null `, `null`}, {"\t\r\n1\n", `1`},
		{`0`, `0`}, {`-0`, `-0`}, {`10`, `10`}, {`-1.50`, `-1.50`}, {`1e5`, `1e5`}, {`1E+5`, `1E+5`}, {`1.0e-05`, `1.0e-05`}, {`0e0`, `0e0`},
		{`""`, `""`}, {`"a"`, `"a"`}, {`"\"\\\/\b\f\n\r\t"`, `"\"\\\/\b\f\n\r\t"`}, {`"\u0041"`, `"\u0041"`}, {`"\u00FF"`, `"\u00ff"`},
		{`"\u000a\u0022"`, `"\n\""`}, {"\"\x7f\u0085\"", `"\u007f\u0085"`}, {"\"\xff\"", `"\ufffd"`}, {`"é😀"`, `"é😀"`},
		{`[]`, `[]`}, {`[ ]`, `[]`}, {`[1, 2 ,3]`, `[1,2,3]`}, {`[[],[[]]]`, `[[],[[]]]`},
		{`{}`, `{}`}, {`{ }`, `{}`}, {`{"a" : 1 , "b":{}}`, `{"a":1,"b":{}}`}, {"{\n  \"a\": [\n    1\n  ]\n}", `{"a":[1]}`}, {`{"":0}`, `{"":0}`},
		{`{"a b":" c  d "}`, `{"a b":" c  d "}`}, {"{\"\u202e\":1}", `{"\u202e":1}`},
	}
	for _, tt := range tests {
		if got, _ := copyJSON(t, tt.in); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.in, got, tt.want)
		}
		if !json.Valid([]byte(tt.in)) {
			t.Errorf("%q: the table is wrong", tt.in)
		}
	}
}

// And by texts that break it: each becomes a string, whole.
func TestJSONTextRefused(t *testing.T) {
	for _, in := range []string{
		``, ` `, `nul`, `nulll`, `True`, `truefalse`, `undefined`, `NaN`, `Infinity`, `'a'`,
		`-`, `+1`, `01`, `-01`, `00`, `.5`, `1.`, `1.e5`, `1e`, `1e+`, `0x10`, `1_000`, `1 2`, `--1`,
		`"`, `"a`, `"\`, `"\"`, `"\x41"`, `"\u"`, `"\u12"`, `"\u12g4"`, "\"\n\"", "\"\t\"", "\"\x00\"", "\x00", `"a""b"`, `\"a\"`,
		`[`, `]`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `[1}`, `[1]]`, `[1]x`,
		`{`, `}`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{a:1}`, `{"a" 1}`, `{"a":1 "b":2}`, `{1:2}`, `{"a":1]`, `{"a":1}}`, `{"a":1}{}`, `{"a"::1}`,
		"\ufeff{}", "{}\u00a0", "{}\x00", `// c`, `{/**/}`,
	} {
		if got, taken := copyJSON(t, in); taken {
			t.Errorf("%q became %s", in, got)
		}
		if json.Valid([]byte(in)) {
			t.Errorf("%q: the table is wrong", in)
		}
	}
}

// A text cut anywhere is either refused or, like a number, still valid.
func TestJSONTextCutAnywhere(t *testing.T) {
	const text = `{"name":"a\u00e9\ud83d\ude00\n","list":[1,-2.5e+3,true,null,{"x":[]}],"end":"z"}`
	for i := range len(text) {
		if got, taken := copyJSON(t, text[:i]); taken {
			t.Errorf("%q became %s", text[:i], got)
		}
	}
	if got, taken := copyJSON(t, text); !taken || got != text {
		t.Errorf("%q became %s", text, got)
	}
}

// The depth of a value counts from the record, not from where its text begins.
func TestJSONTextDepthCountsFromRecord(t *testing.T) {
	inner := slog.AnyValue(encode.JSON(strings.Repeat("[", 40) + strings.Repeat("]", 40)))
	for groups, asString := range map[int]bool{10: false, 40: true} {
		rec := encode.Record{Attrs: []slog.Attr{{Key: "a", Value: nest(groups, func(v slog.Value) slog.Value {
			return slog.GroupValue(slog.Attr{Key: "g", Value: v})
		})}}}
		deepest := rec.Attrs[0].Value.Group()
		for deepest[0].Value.Kind() == slog.KindGroup {
			deepest = deepest[0].Value.Group()
		}
		deepest[0].Value = inner
		line := encodeLine(t, encode.JSONLines{}, &rec)
		if got := strings.Contains(line, `"[[[`); got != asString {
			t.Errorf("below %d groups, as a string: %t", groups, got)
		}
		if err := walkJSON([]byte(line), nil); err != nil {
			t.Error(err)
		}
	}
}
