package encode_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

// S9 for the binary formats: at any limit, what is cut ends before a character,
// says how much is missing, and the whole still parses.
func TestS9_Binary(t *testing.T) {
	file := readProto(t)
	for limit := 1; limit < 400; limit++ {
		rec := fullRecord()
		rec.Message = strings.Repeat("aé東😀\xff", 20)
		rec.Attrs = []slog.Attr{
			slog.String("s", strings.Repeat("é", 50)),
			slog.Any("l", []slog.Value{slog.StringValue(strings.Repeat("東", 30)), slog.IntValue(1)}),
			slog.Any("e", &encode.Error{Message: strings.Repeat("😀", 20), Causes: []*encode.Error{{Message: "c"}, {Message: "d"}}}),
			slog.Any("j", encode.JSON(`"`+strings.Repeat("é", 50)+`"`)),
			slog.Int("last", 1),
		}
		got := unpickled(t, encode.Pickle{MaxBytes: limit}, &rec)
		b, _ := encode.Protobuf{MaxBytes: limit}.AppendRecord(nil, &rec)
		entry, err := file.decode("LogEntry", b, 1)
		if err != nil {
			t.Fatalf("limit %d: %v", limit, err)
		}
		for _, message := range []any{got["msg"], entry["message"]} {
			if kept, _, cut := strings.Cut(message.(string), "!TRUNCATED "); !cut || !strings.HasPrefix(clean(rec.Message), kept) || len(kept) > limit/2+4 {
				t.Fatalf("limit %d: message %q", limit, message)
			}
		}
		if _, whole := got["last"]; !whole && got["!TRUNCATED"] == nil {
			t.Fatalf("limit %d: neither all attributes nor a mark: %v", limit, got)
		}
	}
}

// What the service determines, a long stack or resource, leaves the attributes
// their room.
func TestS9_OwnFieldsOnTop(t *testing.T) {
	rec := encode.Record{Message: "m", Attrs: []slog.Attr{slog.String("still", "here"), slog.String("also", "here")}, Resource: &encode.Resource{Service: strings.Repeat("s", 2000)}}
	for range 50 {
		rec.Stack = append(rec.Stack, encode.Frame{Function: strings.Repeat("f", 100), File: "/a.go", Line: 1})
	}
	for _, enc := range []encode.Encoder{
		encode.JSONLines{MaxBytes: 200}, encode.ECS{MaxBytes: 200}, encode.GELF{MaxBytes: 200}, encode.Pickle{MaxBytes: 200}, encode.Protobuf{MaxBytes: 200},
	} {
		if line := encodeLine(t, enc, &rec); strings.Count(line, "here") != 2 || strings.Contains(line, "TRUNCATED") {
			t.Errorf("%T: %q", enc, line)
		}
	}
}
