package encode_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
)

// shadowNames are the names that JSONLines and Logfmt reserve by default.
func shadowNames() []string {
	return []string{
		encode.KeyTime, encode.KeyLevel, encode.KeyMessage, encode.KeySource, encode.KeyObserved, encode.KeyScope, encode.KeyStack,
		encode.KeyTraceID, encode.KeySpanID, encode.KeyTraceFlags, encode.KeyID, encode.KeyResource,
	}
}

var numberedName = regexp.MustCompile(`#[0-9]+$`)

// wantNames says what the attributes are called, by counting and without the
// encoder's tricks.
func wantNames(keys, reserved []string) (names []string) {
	uses := make(map[string]int)
	for _, key := range keys {
		key = clean(key)
		n := uses[key] + 1
		uses[key] = n
		for _, r := range reserved {
			if strings.EqualFold(r, key) {
				n++
			}
		}
		if n > 1 || numberedName.MatchString(key) {
			key = fmt.Sprintf("%s#%d", key, n)
		}
		names = append(names, key)
	}
	return names
}

// checkJSON holds a line of a default JSONLines against its record.
func checkJSON(t testing.TB, line []byte, rec *encode.Record) {
	t.Helper()
	if r, bad := rawControl(line); bad {
		t.Fatalf("raw %U in %q", r, line)
	}
	var names []string
	values := make(map[string]json.RawMessage)
	err := walkJSON(line, func(name string, value json.RawMessage) {
		names = append(names, name)
		values[name] = value
	})
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	var message string
	json.Unmarshal(values["msg"], &message)
	if message != clean(rec.Message) {
		t.Fatalf("message %q came back as %q", rec.Message, message)
	}
	var level string
	json.Unmarshal(values["level"], &level)
	if level != encode.LevelName(rec.Level) {
		t.Fatalf("level %v came back as %q", rec.Level, level)
	}
	var keys []string
	for _, a := range rec.Attrs {
		if len(a.Key) > 1024 {
			return // cut: TestS9_Limits
		}
		keys = append(keys, a.Key)
	}
	want := wantNames(keys, append(shadowNames(), "!TRUNCATED"))
	for i, name := range want {
		if i+3 > len(names) || names[i+3] != name {
			t.Fatalf("attribute %d is not %q in %q: %s", i, name, names, line)
		}
		if rec.Attrs[i].Value.Kind() == slog.KindString {
			var s string
			if json.Unmarshal(values[name], &s); s != clean(rec.Attrs[i].Value.String()) {
				t.Fatalf("%q: %q came back as %q", name, rec.Attrs[i].Value, s)
			}
		}
	}
}

func FuzzJSON(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		rec := (&gen{data: data}).record()
		line, err := encode.JSONLines{}.AppendRecord(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		checkJSON(t, line, rec)
	})
}

// FuzzJSONOptions changes all options, also to nonsense, and the limit: the
// output may be anything but invalid, and so that of Logfmt with the same ones.
func FuzzJSONOptions(f *testing.F) {
	f.Add([]byte("x"), "level", "#1", uint64(0), 100)
	f.Add([]byte{3, 200, 1, 7, 9, 9, 9, 9}, "\xff", "a#2", ^uint64(0), 1)
	f.Fuzz(func(t *testing.T, data []byte, key1, key2 string, options uint64, maxBytes int) {
		enc := encode.JSONLines{
			Keys:     encode.Keys{Time: key1, Message: key2, Resource: key1, ID: key2},
			Level:    encode.LevelFormat(options),
			Time:     encode.TimeFormat(options >> 8),
			Duration: encode.DurationFormat(options >> 16),
			Errors:   encode.ErrorFormat(options >> 24),
			Bytes:    encode.BytesFormat(options >> 32),
			MaxBytes: maxBytes % 10_000,
		}
		rec := (&gen{data: data}).record()
		line, _ := enc.AppendRecord(nil, rec)
		if r, bad := rawControl(line); bad {
			t.Fatalf("raw %U in %q", r, line)
		}
		if err := walkJSON(line, nil); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		line, _ = encode.Logfmt{Keys: enc.Keys, Level: enc.Level, Time: enc.Time, Duration: enc.Duration, Bytes: enc.Bytes, MaxBytes: enc.MaxBytes}.AppendRecord(nil, rec)
		names, _, err := parseLogfmt(string(line))
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		noneTwice(t, "Logfmt", names)
	})
}

func addSeeds(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("a plain one"))
	for i := range 20 {
		f.Add([]byte(strings.Repeat(fmt.Sprintf("%c\x05seed\xff%d", i*13, i*7919), 30)))
	}
}

// FuzzJSONText: what is valid JSON comes out with the same meaning, what is not
// comes out as a string.
func FuzzJSONText(f *testing.F) {
	for _, s := range []string{`{}`, ` [1 , -0.5e+7,"\u00e9\ud83d\ude00\ud800x"] `, `01`, `1.`, `-`, `"\x"`, "\"\n\"", `{"a":{"b":[]},"c":null}`, `truefalse`, `nul`, `[1,]`, `{"a"}`, "\"\u2028\xff\"", `"`, `"\`, `"\u12`} {
		f.Add(s)
	}
	enc := encode.JSONLines{Keys: encode.Keys{Time: "-", Level: "-", Message: "-", ID: "-"}}
	f.Fuzz(func(t *testing.T, text string) {
		line, _ := enc.AppendRecord(nil, &encode.Record{Attrs: []slog.Attr{slog.Any("j", encode.JSON(text))}})
		if r, bad := rawControl(line); bad {
			t.Fatalf("raw %U in %q", r, line)
		}
		var back struct{ J any }
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		var want any
		err := json.Unmarshal([]byte(text), &want)
		if deep := strings.Count(text, "[")+strings.Count(text, "{") > 60; err != nil || deep {
			if s, ok := back.J.(string); deep || ok && s == clean(text) {
				return
			}
			if _, tooLarge := err.(*json.UnmarshalTypeError); tooLarge {
				return // a number that fits no float64 is in quotes
			}
			t.Fatalf("%q is not valid, but became %q", text, line)
		}
		a, _ := json.Marshal(want)
		b, _ := json.Marshal(back.J)
		if string(a) != string(b) {
			t.Fatalf("%q came back as %s, want %s", text, b, a)
		}
	})
}

// checkLogfmt holds a line of a default Logfmt against its record.
func checkLogfmt(t testing.TB, line []byte, rec *encode.Record) {
	t.Helper()
	if r, bad := rawControl(line); bad {
		t.Fatalf("raw %U in %q", r, line)
	}
	keys, values, err := parseLogfmt(string(line))
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	seen := make(map[string]bool)
	for i, key := range keys {
		if seen[key] {
			t.Fatalf("%q twice in %s", key, line)
		}
		seen[key] = true
		if key == "msg" && values[i] != clean(rec.Message) {
			t.Fatalf("message %q came back as %q", rec.Message, values[i])
		}
	}
	if !seen["msg"] || len(keys) < 3 || keys[1] != "level" || values[1] != encode.LevelName(rec.Level) {
		t.Fatalf("no message or level in %s", line)
	}
	if len(rec.Attrs) > 0 && rec.Attrs[0].Value.Kind() == slog.KindString && values[3] != clean(rec.Attrs[0].Value.String()) {
		t.Fatalf("%q came back as %q", rec.Attrs[0].Value, values[3])
	}
}

func FuzzLogfmt(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		rec := (&gen{data: data}).record()
		line, err := encode.Logfmt{}.AppendRecord(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		checkLogfmt(t, line, rec)
	})
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// checkText: no control character is raw but the encoder's own colours and, in
// multi-line output, its own line feeds, each followed by its indent.
func checkText(t testing.TB, enc encode.Text, line []byte) {
	t.Helper()
	if enc.Color {
		line = sgr.ReplaceAll(line, nil)
	}
	s := string(line)
	if enc.Multiline {
		for i, part := range strings.Split(s, "\n") {
			if i > 0 && !strings.HasPrefix(part, strings.Repeat(" ", 13)) {
				t.Fatalf("line below is not indented: %q", s)
			}
		}
		s = strings.ReplaceAll(s, "\n", "")
	}
	if r, bad := rawControl([]byte(s)); bad {
		t.Fatalf("raw %U in %q", r, line)
	}
	if !utf8.ValidString(s) {
		t.Fatalf("not UTF-8: %q", s)
	}
}

func textVariants() []encode.Text {
	return []encode.Text{
		{},
		{Color: true, ID: true, Trace: true, Resource: true},
		{Multiline: true, Resource: true, Time: encode.TimeRFC3339Nano},
		{Color: true, Multiline: true, Bytes: encode.BytesText},
		{Color: true, Multiline: true, MaxBytes: 64},
	}
}

func FuzzText(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		rec := (&gen{data: data}).record()
		for _, enc := range textVariants() {
			line, err := enc.AppendRecord(nil, rec)
			if err != nil {
				t.Fatal(err)
			}
			checkText(t, enc, line)
			if !enc.Color || enc.MaxBytes > 0 {
				continue // the limit counts the colours, too
			}
			plain := enc
			plain.Color = false
			want, _ := plain.AppendRecord(nil, rec)
			if got := sgr.ReplaceAll(line, nil); string(got) != string(want) {
				t.Fatalf("without its colours %q, plain %q", got, want)
			}
		}
	})
}
