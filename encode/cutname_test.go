package encode_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

// cutNames are keys of which some read the same once they are cut and their
// bytes that are not UTF-8 are U+FFFD, although no two are equal as they are or
// as far as they are kept.
func cutNames() []string {
	bad := strings.Repeat("\xff", 341)
	good := strings.Repeat("\ufffd", 341) // 1,023 bytes
	plain := strings.Repeat("p", 1024)
	return []string{
		good + "xyz", bad + "x!TRUNCATED", bad + "x", good + "x", bad + "x!TRUNCATED", good + "xy",
		plain, plain + "a", plain + "b", plain[:1014] + "!TRUNCATED", plain[:1015] + "!TRUNCATED",
		good + "\xc3\xa9", bad + "\xc3!TRUNCATED", "\xff#2", "\ufffd", "\xfe", "\xff!TRUNCATED",
	}
}

// S1: names are told apart as they will be written, in each format that promises
// not to write one twice, also in groups and in the resource.
func TestS1_CutNames(t *testing.T) {
	var attrs []slog.Attr
	for i, name := range cutNames() {
		attrs = append(attrs, slog.Int(name, i))
	}
	rec := &encode.Record{Attrs: append(attrs, slog.Attr{Key: "g", Value: slog.GroupValue(attrs...)}), Resource: &encode.Resource{Attrs: attrs}}
	for _, enc := range []encode.Encoder{encode.JSONLines{}, encode.ECS{}, encode.ECS{Labels: true}, encode.GELF{}} {
		line, _ := enc.AppendRecord(nil, rec)
		if err := walkJSON(line, nil); err != nil {
			t.Errorf("%T: %.100v", enc, err)
		}
	}
	keys, _, err := parseLogfmt(encodeLine(t, encode.Logfmt{}, rec))
	if err != nil || len(keys) < 2*len(attrs) {
		t.Fatal(err, len(keys))
	}
	noneTwice(t, "Logfmt", keys)
	pickle, _ := encode.Pickle{}.AppendRecord(nil, rec)
	if _, err := unpickle(pickle); err != nil {
		t.Errorf("Pickle: %.100v", err)
	}
	message, _ := encode.Protobuf{}.AppendRecord(nil, rec)
	entry, err := readProto(t).decode("LogEntry", message, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range entry["attributes"].([]any) {
		names = append(names, a.(map[string]any)["key"].(string))
	}
	noneTwice(t, "Protobuf", names)
}

func noneTwice(t *testing.T, format string, names []string) {
	t.Helper()
	seen := make(map[string]bool)
	for _, name := range names {
		if seen[name] {
			t.Errorf("%s: %.40q, of %d bytes, twice", format, name, len(name))
		}
		seen[name] = true
	}
}

// The names of the record's own fields are told apart as they will be written,
// too, from each other and from attributes. (The first pair was found by
// FuzzJSONOptions.)
func TestKeysAsWritten(t *testing.T) {
	names := append(cutNames(), "\x86", "\xa1", "resource.host.name", "a.b")
	rec := fullRecord()
	rec.Resource = &encode.Resource{Host: "h"}
	for i, name := range names {
		rec.Attrs = append(rec.Attrs, slog.Int(name, i))
	}
	for _, a := range names {
		for _, b := range names {
			keys := encode.Keys{Time: a, ID: b}
			if err := walkJSON([]byte(encodeLine(t, encode.JSONLines{Keys: keys}, &rec)), nil); err != nil {
				t.Fatalf("%.40q and %.40q: %.100v", a, b, err)
			}
			found, _, err := parseLogfmt(encodeLine(t, encode.Logfmt{Keys: keys}, &rec))
			if err != nil {
				t.Fatal(err)
			}
			noneTwice(t, "Logfmt", found)
		}
	}
	inResource := encode.Keys{ID: "resource.host.name"}
	if err := (encode.Logfmt{Keys: inResource}).Validate(); !errors.Is(err, encode.ErrKeys) {
		t.Errorf("%v, want ErrKeys", err)
	}
	if err := (encode.JSONLines{Keys: inResource}).Validate(); err != nil {
		t.Errorf("JSON has an object for the resource: %v", err)
	}
}
