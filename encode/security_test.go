package encode_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
)

// s1Records is how many records S1 sends: 10^5 in the nightly run.
func s1Records() int {
	if os.Getenv("SLOGSHIP_NIGHTLY") == "1" {
		return 100_000
	}
	return 15_000
}

// s1Share is s1Records for formats whose check takes longer.
func s1Share() int {
	if os.Getenv("SLOGSHIP_NIGHTLY") == "1" {
		return s1Records()
	}
	return 2500
}

// s1Half is s1Records for formats whose check takes twice as long.
func s1Half() int {
	if os.Getenv("SLOGSHIP_NIGHTLY") == "1" {
		return s1Records()
	}
	return s1Records() / 2
}

// hostile makes n records whose message, keys, groups and values are S1's, and
// hands each to f.
func hostile(t *testing.T, n int, f func(rec *encode.Record)) {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for range n {
		f((&gen{data: randomBytes(rnd, 20+rnd.IntN(200))}).record())
	}
	if !t.Failed() {
		t.Logf("%d hostile records, each seen as it was sent, forged 0", n)
	}
}

// S1: records with line breaks, controls and bidi characters in message,
// key, group and value, joined by line feeds as a stream transport does it. An
// independent parser sees as many records as were sent, in their order, and
// none of them forged.
func TestS1_JSONLines(t *testing.T) {
	n := s1Records()
	var stream []byte
	var ids []encode.ID
	hostile(t, n, func(rec *encode.Record) {
		rec.ID[0] = 1 // never zero, so each line has one
		ids = append(ids, rec.ID)
		stream, _ = encode.JSONLines{}.AppendRecord(stream, rec)
		stream = append(stream, '\n')
	})
	seen := 0
	for line := range bytes.Lines(stream) {
		var got struct {
			ID string `json:"log_id"`
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("line %d: %v: %q", seen, err, line)
		}
		if seen >= n || got.ID != ids[seen].String() {
			t.Fatalf("line %d is forged: %q", seen, line)
		}
		seen++
	}
	if seen != n {
		t.Fatalf("%d records seen, %d sent", seen, n)
	}
}

// S1 for logfmt: as above, with a logfmt parser.
func TestS1_Logfmt(t *testing.T) {
	n := s1Records()
	sent, seen := 0, 0
	hostile(t, n, func(rec *encode.Record) {
		line, _ := encode.Logfmt{}.AppendRecord(nil, rec)
		sent++
		for part := range bytes.Lines(append(line, '\n')) {
			seen++
			checkLogfmt(t, bytes.TrimSuffix(part, []byte("\n")), rec)
		}
	})
	if seen != sent {
		t.Fatalf("%d records seen, %d sent", seen, sent)
	}
}

// S1 for text without Multiline: one line a record, whatever reads it and takes
// CR, VT, FF, NEL, LS or PS for the end of a line.
func TestS1_Text(t *testing.T) {
	n := s1Records()
	sent, seen := 0, 0
	hostile(t, n, func(rec *encode.Record) {
		line, _ := encode.Text{ID: true, Trace: true, Resource: true}.AppendRecord(nil, rec)
		sent++
		seen += 1 + strings.Count(string(line), "\n")
		if strings.ContainsAny(string(line), "\n\r\v\f\u0085\u2028\u2029\x1c\x1d\x1e") {
			t.Fatalf("line break in %q", line)
		}
	})
	if seen != sent {
		t.Fatalf("%d records seen, %d sent", seen, sent)
	}
}

// S2: what goes to a terminal holds no raw control or bidi character but the
// encoder's own.
func TestS2_Console(t *testing.T) {
	hostile(t, s1Records()/3, func(rec *encode.Record) {
		for _, enc := range textVariants() {
			line, _ := enc.AppendRecord(nil, rec)
			checkText(t, enc, line)
		}
		for _, enc := range []encode.Encoder{encode.JSONLines{}, encode.Logfmt{}} {
			line, _ := enc.AppendRecord(nil, rec)
			if r, bad := rawControl(line); bad {
				t.Fatalf("%T: raw %U in %q", enc, r, line)
			}
		}
	})
}

// S2, each character on its own and everywhere at once.
func TestS2_EachCharacter(t *testing.T) {
	for r := rune(0); r <= 0x2100; r++ {
		s := "a" + string(r) + "b"
		rec := encode.Record{
			Message: s, Scope: s, Source: slog.Source{File: s, Function: s},
			Attrs:    []slog.Attr{slog.String(s, s), slog.Group(s, slog.String(s, s)), slog.Any(s, []byte(s)), slog.Any(s, encode.JSON(`"`+s+`"`))},
			Stack:    []encode.Frame{{Function: s, File: s}},
			Resource: &encode.Resource{Service: s, Attrs: []slog.Attr{slog.String(s, s)}},
		}
		for _, enc := range textVariants() {
			line, _ := enc.AppendRecord(nil, &rec)
			checkText(t, enc, line)
		}
		line, _ := encode.JSONLines{Bytes: encode.BytesText}.AppendRecord(nil, &rec)
		if raw, bad := rawControl(line); bad {
			t.Fatalf("raw %U in %q", raw, line)
		}
	}
	t.Logf("S2: 8,449 characters in %d forms of text and in JSON, raw ones that a terminal obeys 0", len(textVariants()))
}

// S5: bytes that are not UTF-8 give valid UTF-8 and valid JSON.
func TestS5_JSON(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 5))
	for range 20_000 {
		s := string(randomBytes(rnd, rnd.IntN(24)))
		rec := encode.Record{Message: s, Attrs: []slog.Attr{slog.String(s, s), slog.Any("j", encode.JSON(`"`+s+`"`)), slog.Any("e", &encode.Error{Message: s, Type: s})}}
		line, _ := encode.JSONLines{}.AppendRecord(nil, &rec)
		var back struct{ Msg string }
		if err := json.Unmarshal(line, &back); err != nil || !utf8.Valid(line) || back.Msg != clean(s) {
			t.Fatalf("%q: %q, %v", s, line, err)
		}
		for _, enc := range []encode.Encoder{encode.Logfmt{}, encode.Text{}} {
			if line, _ := enc.AppendRecord(nil, &rec); !utf8.Valid(line) {
				t.Fatalf("%T: %q", enc, line)
			}
		}
	}
	t.Log("S5: 20,000 texts of random bytes, failures 0")
}

// shadows are attributes that try to pass for the record's own fields: each
// name in all the ways that some parser takes for it.
func shadows() (attrs []slog.Attr) {
	for _, name := range shadowNames() {
		for _, key := range []string{
			name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:],
			strings.ReplaceAll(name, "s", "\u017f"), strings.ReplaceAll(name, "k", "\u212a"), name,
		} {
			attrs = append(attrs, slog.String(key, "forged"))
		}
	}
	return attrs
}

func shadowedRecord() *encode.Record {
	return &encode.Record{
		ID: encode.ID{1}, Time: at(0), Level: slog.LevelInfo, Message: "real", Scope: "real",
		Source: slog.Source{File: "real", Function: "real"}, Stack: []encode.Frame{{Function: "real"}},
		Trace: encode.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{1}}, Resource: &encode.Resource{Service: "real"},
		Attrs: shadows(),
	}
}

// S6: a parser that keeps the first of two equal names, one that keeps the last
// and one that ignores case, as encoding/json does, all read the record's own.
func TestS6_JSON(t *testing.T) {
	rec := shadowedRecord()
	for name, enc := range map[string]encode.JSONLines{
		"default": {},
		"renamed": {Keys: encode.Keys{Time: "level", Level: "time", Message: "source", Source: "msg"}},
	} {
		line, _ := enc.AppendRecord(nil, rec)
		first, last := make(map[string]string), make(map[string]string)
		err := walkJSON(line, func(name string, value json.RawMessage) {
			if _, ok := first[name]; !ok {
				first[name] = string(value)
			}
			last[name] = string(value)
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for key, value := range first {
			if last[key] != value {
				t.Errorf("%s: %q: first %s, last %s", name, key, value, last[key])
			}
		}
		for _, key := range shadowNames() {
			if strings.Contains(first[key], "forged") {
				t.Errorf("%s: %q is %s", name, key, first[key])
			}
		}
		if n := strings.Count(string(line), `"forged"`); n != len(rec.Attrs) {
			t.Errorf("%s: %d of %d attributes are left", name, n, len(rec.Attrs))
		}
	}
	line, _ := encode.JSONLines{}.AppendRecord(nil, rec)
	var got struct {
		Time, Level, Msg, Logger, Stack string
		TraceID                         string `json:"trace_id"`
		SpanID                          string `json:"span_id"`
		TraceFlags                      string `json:"trace_flags"`
		ID                              string `json:"log_id"`
		Source, Resource                map[string]any
	}
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err) // also a string where an object belongs
	}
	for _, s := range []string{got.Time, got.Level, got.Msg, got.Logger, got.Stack, got.TraceID, got.SpanID, got.TraceFlags, got.ID} {
		if s == "" || s == "forged" {
			t.Errorf("a field that ignores case is %q in %+v", s, got)
		}
	}
	if !t.Failed() {
		t.Logf("S6: %d attributes with the names of %d fields, parsers that disagree 0", len(rec.Attrs), len(shadowNames()))
	}
}

// S6 for logfmt, where a group and a dot can make a name of the resource's.
func TestS6_Logfmt(t *testing.T) {
	rec := shadowedRecord()
	rec.Attrs = append(rec.Attrs, slog.String("resource.service.name", "forged"),
		slog.Group("resource", slog.String("service.name", "forged"), slog.String("x", "forged")))
	rec.Resource.Attrs = []slog.Attr{slog.String("service.name", "other"), slog.String("x", "real")}
	line, _ := encode.Logfmt{}.AppendRecord(nil, rec)
	keys, values, err := parseLogfmt(string(line))
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	own := append(shadowNames(), "resource.service.name", "resource.x")
	for i, key := range keys {
		if seen[key] {
			t.Errorf("%q comes twice", key)
		}
		seen[key] = true
		for _, name := range own {
			if strings.EqualFold(key, name) && values[i] == "forged" {
				t.Errorf("%q is forged", key)
			}
		}
	}
	for _, name := range []string{"time", "level", "msg", "log_id", "resource.service.name", "resource.x"} {
		if !seen[name] {
			t.Errorf("%q is missing in %s", name, line)
		}
	}
	if n := strings.Count(string(line), "=forged"); n != len(shadows())+3 {
		t.Errorf("%d attributes are left of %d", n, len(shadows())+3)
	}
}

// S6 at the size where the filter of names is full: 1,024 attributes, half of
// them of one name.
func TestS6_Many(t *testing.T) {
	rec := &encode.Record{}
	for i := range 1024 {
		key := "same"
		if i%2 == 0 {
			key = "k" + strings.Repeat("x", i)
		}
		rec.Attrs = append(rec.Attrs, slog.Int(key, i))
	}
	for _, enc := range []encode.Encoder{encode.JSONLines{}, encode.Logfmt{}} {
		line, _ := enc.AppendRecord(nil, rec)
		names := make(map[string]bool)
		if _, ok := enc.(encode.JSONLines); ok {
			if err := walkJSON(line, func(name string, _ json.RawMessage) { names[name] = true }); err != nil {
				t.Fatal(err)
			}
		} else {
			keys, _, err := parseLogfmt(string(line))
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keys {
				names[key] = true
			}
		}
		if len(names) != 1024+2 || !names["same"] || !names["same#2"] || !names["same#512"] {
			t.Errorf("%T: %d names", enc, len(names))
		}
	}
}

// The joined lines of all three encoders also hold for a reader that splits as
// bufio.Scanner does.
func TestS1_Scanner(t *testing.T) {
	var stream bytes.Buffer
	sent := 0
	hostile(t, 2000, func(rec *encode.Record) {
		for _, enc := range []encode.Encoder{encode.JSONLines{}, encode.Logfmt{}, encode.Text{}} {
			line, _ := enc.AppendRecord(nil, rec)
			stream.Write(append(line, '\n'))
			sent++
		}
	})
	seen := 0
	for lines := bufio.NewScanner(&stream); lines.Scan(); {
		seen++
	}
	if seen != sent {
		t.Errorf("%d lines seen, %d sent", seen, sent)
	}
}
