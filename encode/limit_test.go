package encode_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

func nest(depth int, wrap func(slog.Value) slog.Value) slog.Value {
	v := slog.StringValue("core")
	for range depth {
		v = wrap(v)
	}
	return v
}

// S9: depth. 60 levels arrive, 200 are cut and marked, in every kind of value
// that nests.
func TestS9_Depth(t *testing.T) {
	wraps := map[string]func(slog.Value) slog.Value{
		"group": func(v slog.Value) slog.Value { return slog.GroupValue(slog.Attr{Key: "g", Value: v}) },
		"list":  func(v slog.Value) slog.Value { return slog.AnyValue([]slog.Value{v}) },
	}
	for name, wrap := range wraps {
		for _, enc := range []encode.Encoder{encode.JSONLines{}, encode.Logfmt{}, encode.Text{}, encode.ECS{}, encode.ECS{Labels: true}, encode.GELF{}, encode.Pickle{}, encode.Protobuf{}} {
			near := 60
			switch enc.(type) {
			case encode.ECS:
				near = 18 // Elasticsearch's own limit is 20
			case encode.Protobuf:
				near = 38 // two messages a level, of which parsers allow 100
			}
			for depth, want := range map[int]string{near: "core", 200: "!TRUNCATED"} {
				rec := encode.Record{Attrs: []slog.Attr{{Key: "a", Value: nest(depth, wrap)}}}
				line := encodeLine(t, enc, &rec)
				if !strings.Contains(line, want) {
					t.Errorf("%T, %s %d deep: no %q in %q", enc, name, depth, want, line)
				}
				if _, ok := enc.(encode.JSONLines); ok && walkJSON([]byte(line), nil) != nil {
					t.Errorf("%s %d deep is not valid: %s", name, depth, line)
				}
			}
		}
	}
}

// S9: an error that is its own cause, twice, would double at each level.
func TestS9_CyclicError(t *testing.T) {
	e := &encode.Error{Message: "again"}
	e.Causes = []*encode.Error{e, e}
	rec := encode.Record{Attrs: []slog.Attr{slog.Any("err", e), slog.Int("after", 1)}}
	for _, enc := range []encode.Encoder{encode.JSONLines{}, encode.JSONLines{MaxBytes: 1000}, encode.Logfmt{}, encode.Text{Multiline: true}, encode.ECS{}, encode.GELF{}, encode.Pickle{}, encode.Protobuf{}} {
		line := encodeLine(t, enc, &rec)
		if len(line) > 2<<20 {
			t.Errorf("%T: %d bytes", enc, len(line))
		}
		if _, ok := enc.(encode.JSONLines); ok {
			if err := walkJSON([]byte(line), nil); err != nil || !strings.Contains(line, "!TRUNCATED") {
				t.Errorf("%v in %.200s", err, line)
			}
		}
	}
}

// S9: JSON text that is too deep for what is left comes as a string.
func TestS9_DeepJSON(t *testing.T) {
	text := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	rec := encode.Record{Attrs: []slog.Attr{slog.Any("j", encode.JSON(text))}}
	var back struct{ J string }
	if err := json.Unmarshal([]byte(encodeLine(t, encode.JSONLines{}, &rec)), &back); err != nil || back.J != text {
		t.Errorf("%v, %d bytes", err, len(back.J))
	}
}

// S9: size and count. Whatever is too much is left out, marked and counted, and
// the record's own fields are still there. An escape may make six bytes of one,
// and memory stays below four times the limit all the same.
func TestS9_Limits(t *testing.T) {
	const limit = 1 << 20
	huge := strings.Repeat("\x00", 8<<20)
	many := make([]slog.Attr, 3000)
	for i := range many {
		many[i] = slog.Int("k"+strings.Repeat("x", i%50), i)
	}
	wide := make([]slog.Value, 3<<20)
	records := map[string]*encode.Record{
		"message": {Message: huge, Attrs: []slog.Attr{slog.String("still", "here")}},
		"value":   {Attrs: []slog.Attr{slog.String("v", huge), slog.String("after", "x")}},
		"key":     {Attrs: []slog.Attr{slog.String(huge, "v"), slog.String(huge, "w")}},
		"bytes":   {Attrs: []slog.Attr{slog.Any("v", []byte(huge))}},
		"json":    {Attrs: []slog.Attr{slog.Any("v", encode.JSON(`"`+strings.Repeat("\x7f", 8<<20)+`"`))}},
		"text":    {Attrs: []slog.Attr{slog.Any("v", encode.JSON(`"`+strings.Repeat("a", 8<<20)+`"`))}},
		"list":    {Attrs: []slog.Attr{slog.Any("v", wide)}},
		"count":   {Attrs: many},
		"error":   {Attrs: []slog.Attr{slog.Any("v", &encode.Error{Message: huge, Type: huge, Frames: make([]encode.Frame, 1<<20)})}},
		"source":  {Source: slog.Source{File: huge, Function: huge}, Stack: make([]encode.Frame, 1<<20), Scope: huge},
		"keys":    {Attrs: []slog.Attr{slog.Group(huge, slog.Group(huge, slog.Group(huge, slog.Int("x", 1))))}},
	}
	most := 0
	for name, rec := range records {
		rec.ID = encode.ID{9}
		for _, enc := range []encode.Encoder{encode.JSONLines{}, encode.Logfmt{}, encode.Text{ID: true}, encode.Text{ID: true, Multiline: true},
			encode.ECS{}, encode.ECS{Labels: true}, encode.GELF{}, encode.Pickle{}, encode.Protobuf{}} {
			line, _ := enc.AppendRecord(nil, rec)
			most = max(most, cap(line))
			if cap(line) > 4*limit {
				t.Errorf("%s, %T: %d bytes of memory", name, enc, cap(line))
			}
			if !bytes.Contains(line, []byte("TRUNCATED")) && name != "source" {
				t.Errorf("%s, %T: no mark", name, enc)
			}
			if !bytes.Contains(line, []byte(rec.ID.String())) && !bytes.Contains(line, rec.ID[:]) {
				t.Errorf("%s, %T: no ID", name, enc)
			}
			if enc.ContentType() == "application/json" {
				if err := walkJSON(line, nil); err != nil {
					t.Errorf("%s, %T: %v", name, enc, err)
				}
			}
		}
	}
	if line := encodeLine(t, encode.JSONLines{}, records["message"]); !strings.Contains(line, `"still":"here"`) {
		t.Error("a long message left no room for an attribute")
	}
	if line := encodeLine(t, encode.JSONLines{}, records["count"]); !strings.Contains(line, `"!TRUNCATED":1976`) {
		t.Errorf("attributes left out are not counted: %.100s", line[len(line)-100:])
	}
	t.Logf("S9: %d records of up to 8 MiB a text in 9 encoders, most memory %.1f of the limit", len(records), float64(most)/limit)
}

// S9: the mark's own name is taken, at each level, whoever uses it.
func TestS9_MarkIsReserved(t *testing.T) {
	attrs := []slog.Attr{slog.Int("!TRUNCATED", 1)}
	for i := range 1100 {
		attrs = append(attrs, slog.Int("k"+strings.Repeat("x", i), i))
	}
	rec := encode.Record{Attrs: []slog.Attr{{Key: "g", Value: slog.GroupValue(attrs...)}}}
	rec.Attrs = append(rec.Attrs, attrs...)
	line := encodeLine(t, encode.JSONLines{}, &rec)
	if err := walkJSON([]byte(line), nil); err != nil {
		t.Error(err)
	}
	if n := strings.Count(line, `"!TRUNCATED#2":1,`); n != 2 {
		t.Errorf("%d attributes renamed, want 2", n)
	}
	keys, _, err := parseLogfmt(encodeLine(t, encode.Logfmt{}, &encode.Record{Attrs: attrs}))
	if err != nil || keys[2] != "!TRUNCATED#2" || keys[len(keys)-1] != "!TRUNCATED" {
		t.Errorf("%v: %q ... %q", err, keys[2], keys[len(keys)-1])
	}
}

// S9: attributes past the limit are counted, not written.
func TestS9_Count(t *testing.T) {
	rec := encode.Record{}
	for range 100 {
		rec.Attrs = append(rec.Attrs, slog.String("k", "0123456789"))
	}
	for _, enc := range []encode.Encoder{encode.JSONLines{MaxBytes: 300}, encode.Logfmt{MaxBytes: 300}, encode.Text{MaxBytes: 300}} {
		line := encodeLine(t, enc, &rec)
		written := strings.Count(line, "0123456789")
		mark := line[strings.LastIndex(line, "!TRUNCATED"):]
		missing, _ := strconv.Atoi(strings.Trim(strings.TrimPrefix(mark, "!TRUNCATED"), `":=}`))
		if len(line) > 400 || written+missing < 99 || written+missing > 100 {
			t.Errorf("%T: %d bytes, %d attributes written and %d counted", enc, len(line), written, missing)
		}
	}
}

// S9: a chain of causes that is deeper than 64 ends in a mark.
func TestS9_Causes(t *testing.T) {
	e := &encode.Error{Message: "core"}
	for range 200 {
		e = &encode.Error{Message: "m", Causes: []*encode.Error{e}}
	}
	line := encodeLine(t, encode.JSONLines{}, &encode.Record{Attrs: []slog.Attr{slog.Any("err", e)}})
	if strings.Contains(line, "core") || !strings.Contains(line, `"!TRUNCATED nested too deep"`) || walkJSON([]byte(line), nil) != nil {
		t.Error(line)
	}
}
