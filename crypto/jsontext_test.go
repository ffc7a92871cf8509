package crypto

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

// A value is read to its end, whatever is behind it.
func TestJSONTextValue(t *testing.T) {
	for _, value := range []string{
		`1`, `-1.5e+3`, `null`, `true`, `""`, `"a"`, `"\""`, `"\\"`, `"}],"`, `[]`, `{}`, `[1,[2,"]"],{"a":"}"}]`, `{"a":{"b":[{}]},"c":"\\\""}`,
	} {
		for _, behind := range []string{"", ",", " ,", "}", "]", " }", "\n]"} {
			in := jsonText{b: []byte(" " + value + behind)}
			if got := string(in.value()); got != value {
				t.Errorf("%s before %q: %q", value, behind, got)
			}
			if rest := string(in.b[in.i:]); rest != behind {
				t.Errorf("%s before %q: left %q", value, behind, rest)
			}
		}
	}
}

func TestUnquoteAndQuote(t *testing.T) {
	for quoted, want := range map[string]string{
		`""`: "", `"a"`: "a", `"\u0041\n"`: "A\n", `"\ud83d\ude00"`: "😀", `"é"`: "é", `"\/"`: "/",
	} {
		if got := unquote([]byte(quoted)); got != want {
			t.Errorf("%s: %q, want %q", quoted, got, want)
		}
	}
	for _, s := range []string{"", "a", "\"\\\n\x00", "<&>", "\u2028", "é😀", "\xff"} {
		quoted := quoteTo(nil, s)
		if !json.Valid(quoted) || unquote(quoted) != strings.ToValidUTF8(s, "\ufffd") {
			t.Errorf("%q: %s", s, quoted)
		}
	}
	if got := string(quoteTo([]byte("x"), "<")); got != `x"<"` {
		t.Errorf("got %s", got)
	}
}

// JSON numbers stay as they were written; other scalars are values of their own.
func TestJSONValue(t *testing.T) {
	for text, want := range map[string]slog.Kind{
		`"x"`: slog.KindString, "true": slog.KindBool, "false": slog.KindBool, "null": slog.KindAny, "1.0": slog.KindAny, "[1]": slog.KindAny, "": slog.KindAny,
	} {
		if got := jsonValue([]byte(text)); got.Kind() != want {
			t.Errorf("%s: %v", text, got.Kind())
		}
	}
	if x, ok := jsonValue([]byte("12345678901234567890.10")).Any().(encode.JSON); !ok || string(x) != "12345678901234567890.10" {
		t.Errorf("a long number: %s", x)
	}
}

func TestRecordOf(t *testing.T) {
	id := testID.String()
	for doc, want := range map[string]bool{
		`{"log_id":"` + id + `"}`: true, ` { "a":{"log_id":1}, "log_id" : "` + id + `" } `: true, `{"a":[1,{"b":"}"}],"log_id":"` + strings.ToUpper(id) + `"}`: true,
		`{"log_id":"x"}`: false, `{"log_id":5}`: false, `{"log_id":""}`: false, `{}`: false, `[]`: false, `"log_id"`: false, `{"a":{"log_id":"` + id + `"}}`: false,
		`{"LOG_ID":"` + id + `"}`: false,
	} {
		if got := recordOf([]byte(doc), "log_id"); got == testID != want {
			t.Errorf("%s: %v", doc, got)
		}
	}
	nested := `{"a":{"x":1,"b":{"id":"` + id + `"}},"id":"019ab0f2-0000-7008-800a-0b0c0d0e0f10"}`
	if recordOf([]byte(nested), "a.b.id") != testID || recordOf([]byte(nested), "a.id") != (encode.ID{}) || recordOf([]byte(nested), "a.x.id") != (encode.ID{}) {
		t.Error("a nested id")
	}
}

// The walk through a text that is no JSON comes to an end without a panic: who
// calls it has checked, and this is for the day that somebody has not.
func FuzzJSONText(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `{"a`, `[`, `{"":}`, `"\`, `{"password":`, `{,,,}`, `{"gone":1,`, `]]]]`, "{\"a\" \"b\"}"} {
		f.Add(s)
	}
	s := compile(f, Policy{Rules: []Rule{{Key: "password"}, {Key: "gone", Do: Drop}}, Detect: []Detect{{What: Emails, Do: MaskIt}}})
	f.Fuzz(func(t *testing.T, text string) {
		var sc Scratch
		out := s.Top().json(&sc, s.Top().find("x"), encode.JSON(text))
		if json.Valid([]byte(text)) && !json.Valid(out) {
			t.Errorf("%q became %q", text, out)
		}
		recordOf([]byte(text), "a.b")
		w := jsonOpener{ctx: t.Context(), o: NewOpener(s.keys, nil), in: jsonText{b: []byte(text)}}
		w.any("")
	})
}
