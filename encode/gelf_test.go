package encode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/slogship/slogship/encode"
)

func TestGELF(t *testing.T) {
	full := fullRecord()
	full.Message = "\n first line\nsecond"
	const head = `{"version":"1.1","host":"unknown","short_message":"-","level":6,"_slog_level":0`
	attr := func(a ...slog.Attr) encode.Record { return encode.Record{Attrs: a} }
	for _, tt := range []struct {
		name string
		enc  encode.GELF
		rec  encode.Record
		want string
	}{
		{"empty", encode.GELF{}, encode.Record{}, head + `}`},
		{"full", encode.GELF{}, full, `{"version":"1.1","host":"h","short_message":" first line","full_message":"\n first line\nsecond\nmain.f\n\t/src/a.go:3",` +
			`"timestamp":1795427384.005,"level":4,"_slog_level":4,"_logger":"db","_file":"/src/a.go","_line":3,"_function":"main.f",` +
			`"_trace_id":"01000000000000000000000000000000","_span_id":"0200000000000000","_trace_flags":"01","_log_id":"ab000000-0000-0000-0000-000000000000",` +
			`"_resource_service_name":"s","_resource_service_version":"v","_resource_deployment_environment_name":"e","_resource_service_instance_id":"i",` +
			`"_resource_host_name":"h","_resource_process_pid":7,"_resource_k8s_pod":1,"_resource_service_name--2":"x",` +
			`"_g_n":1,"_g_err":"no file\nmain.f\n\t/src/a.go:1","_other":"second"}`},
		{"host and time", encode.GELF{Host: "gw"}, encode.Record{Observed: time.Unix(1, 1234567), Message: "m"}, `{"version":"1.1","host":"gw","short_message":"m","timestamp":1.001234,"level":6,"_slog_level":0}`},
		{"numbers", encode.GELF{}, attr(slog.Int("i", -1), slog.Uint64("u", math.MaxInt64), slog.Uint64("v", math.MaxUint64), slog.Float64("f", 1e21), slog.Float64("n", math.NaN()), slog.Bool("b", true), slog.Duration("d", 5), slog.Any("nil", nil)),
			head + `,"_i":-1,"_u":9223372036854775807,"_v":"18446744073709551615","_f":1e+21,"_n":"NaN","_b":"true","_d":5,"_nil":"null"}`},
		{"strings", encode.GELF{Strings: true, Duration: encode.DurationText}, attr(slog.Int("i", -1), slog.Float64("f", 1.5), slog.Duration("d", time.Second)), head + `,"_i":"-1","_f":"1.5","_d":"1s"}`},
		{"names", encode.GELF{}, attr(slog.Int("a.b", 1), slog.Int("a_b", 2), slog.Group("a", slog.Int("b", 3)), slog.Int("é x\n=", 4), slog.Int("", 5), slog.Int("a-b", 6), slog.Int("c--2", 7), slog.Int("c", 8), slog.Int("c", 9)),
			head + `,"_a_b":1,"_a_b--2":2,"_a_b--3":3,"___x__":4,"__":5,"_a-b":6,"_c--2--1":7,"_c":8,"_c--2":9}`},
		{"names that Graylog takes", encode.GELF{}, attr(slog.Int("id", 1), slog.Int("_id", 2), slog.Int("source", 3), slog.Int("Full_Message", 4), slog.Int("gl2_x", 5), slog.Int("resource.x", 6), slog.Int("TRACE.ID", 7), slog.Int("gl2", 8)),
			head + `,"_id--2":1,"__id--2":2,"_source--2":3,"_Full_Message--2":4,"_gl2_x--2":5,"_resource_x--2":6,"_TRACE_ID--2":7,"_gl2":8}`},
		{"mark", encode.GELF{MaxBytes: 1}, attr(slog.Int("a", 1), slog.Int("b", 2)), head + `,"__TRUNCATED":2}`},
		{"mark is taken", encode.GELF{}, attr(slog.Int("!TRUNCATED", 1)), head + `,"__TRUNCATED--2":1}`},
	} {
		if got := encodeLine(t, tt.enc, &tt.rec); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

var errGraylog = errors.New("message that Graylog would refuse, or drop a part of")

var gelfName = regexp.MustCompile(`^[\w.-]*$`)

// blank is Java's StringUtils.isBlank, and takes a few characters more.
func blank(s string) bool { return trimBlank(s) == "" }

func trimBlank(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

// decodeGELF is what Graylog's GelfCodec makes of a message: its fields by name.
// What that skips is an error here.
func decodeGELF(line []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var msg map[string]any
	if err := dec.Decode(&msg); err != nil {
		return nil, err
	}
	for _, name := range []string{"host", "short_message"} {
		if s, ok := msg[name].(string); !ok || blank(s) {
			return nil, fmt.Errorf("%w: %s is %q", errGraylog, name, msg[name])
		}
	}
	fields := map[string]any{"message": msg["short_message"], "source": msg["host"], "timestamp": msg["timestamp"], "level": msg["level"], "full_message": msg["full_message"]}
	skipped := []string{"version", "host", "short_message", "full_message", "timestamp", "level"}
	for name, value := range msg {
		if slices.Contains(skipped, name) {
			continue
		}
		key := strings.ReplaceAll(strings.TrimPrefix(name, "_"), ".", "_")
		_, set := fields[key]
		reserved := slices.Contains([]string{"_id", "_ttl", "_source", "_all", "_index", "_type", "_score", "streams", "id", "facility"}, key) ||
			slices.Contains(skipped, key) || strings.HasPrefix(key, "gl2_")
		if name[0] != '_' || !gelfName.MatchString(name) || set || reserved {
			return nil, fmt.Errorf("%w: the field %q", errGraylog, name)
		}
		switch value.(type) {
		case string, json.Number:
		default:
			return nil, fmt.Errorf("%w: %q is %T", errGraylog, name, value)
		}
		fields[key] = value
	}
	return fields, nil
}

// leaves counts the attributes that are not groups.
func leaves(attrs []slog.Attr) (n int) {
	for _, a := range attrs {
		if a.Value.Kind() == slog.KindGroup {
			n += leaves(a.Value.Group())
		} else {
			n++
		}
	}
	return n
}

func checkGELF(t testing.TB, line []byte, rec *encode.Record) {
	t.Helper()
	if r, bad := rawControl(line); bad {
		t.Fatalf("raw %U in %q", r, line)
	}
	if err := walkJSON(line, nil); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	fields, err := decodeGELF(line)
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if fields["log_id"] != rec.ID.String() && !rec.ID.IsZero() {
		t.Fatalf("log_id %v, want %v", fields["log_id"], rec.ID)
	}
	if fields["level"] != json.Number(fmt.Sprint(uint8(encode.SeverityOf(rec.Level)))) || fields["slog_level"] != json.Number(fmt.Sprint(int(rec.Level))) {
		t.Fatalf("level %v, %v, want that of %v", fields["level"], fields["slog_level"], rec.Level)
	}
	long := fields["full_message"]
	if long == nil {
		long = fields["message"]
	}
	if want := clean(rec.Message); !strings.HasPrefix(long.(string), want) && trimBlank(want) != trimBlank(long.(string)) && !(long == "-" && blank(want)) {
		t.Fatalf("message %q came back as %q", want, long)
	}
	own := bytes.Count(line, []byte(`,"_resource_`)) // about: the rest of the own fields is counted by name
	for _, name := range []string{"slog_level", "logger", "file", "line", "function", "trace_id", "span_id", "trace_flags", "log_id"} {
		if _, ok := fields[name]; ok {
			own++
		}
	}
	_, cut := fields["_TRUNCATED"] // a name that no attribute can have
	if got, want := len(fields)-5, leaves(rec.Attrs); got < want && !cut || got > want+own {
		t.Fatalf("%d fields for %d attributes: %s", got, want, line)
	}
}

func FuzzGELF(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		rec := (&gen{data: data}).record()
		for _, enc := range []encode.GELF{{}, {Strings: true}} {
			line, err := enc.AppendRecord(nil, rec)
			if err != nil {
				t.Fatal(err)
			}
			checkGELF(t, line, rec)
		}
	})
}

// S1: each message is one JSON text without a zero byte, which would end a frame
// over TCP.
func TestS1_GELF(t *testing.T) {
	hostile(t, s1Share(), func(rec *encode.Record) {
		line, _ := encode.GELF{}.AppendRecord(nil, rec)
		if bytes.IndexByte(line, 0) >= 0 {
			t.Fatalf("a zero byte in %q", line)
		}
		checkGELF(t, line, rec)
	})
}

// S6: the record's own fields, with and without the underscore.
func TestS6_GELF(t *testing.T) {
	rec := fullRecord()
	rec.Attrs = nil
	line, _ := encode.GELF{}.AppendRecord(nil, &rec)
	real, err := decodeGELF(line)
	if err != nil {
		t.Fatal(err)
	}
	for name := range real {
		for _, key := range []string{name, "_" + name, strings.ToUpper(name), strings.ReplaceAll(name, "_", ".")} {
			rec.Attrs = append(rec.Attrs, slog.String(key, "forged"))
		}
	}
	rec.Attrs = append(rec.Attrs, slog.Group("resource", slog.String("service.name", "forged"), slog.String("k8s.pod", "forged")))
	line, _ = encode.GELF{}.AppendRecord(nil, &rec)
	fields, err := decodeGELF(line)
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	for name, value := range real {
		if fields[name] != value {
			t.Errorf("%q is %v, was %v", name, fields[name], value)
		}
	}
	if n := strings.Count(string(line), `"forged"`); n != leaves(rec.Attrs) {
		t.Errorf("%d of %d attributes are left", n, leaves(rec.Attrs))
	}
}

// Groups count together: 1,024 fields, and the mark says how many more there were.
func TestS9_FlatCount(t *testing.T) {
	var rec encode.Record
	for i := range 40 {
		var group []slog.Attr
		for j := range 30 {
			group = append(group, slog.Int(fmt.Sprint("k", j), i))
		}
		rec.Attrs = append(rec.Attrs, slog.Attr{Key: fmt.Sprint("g", i), Value: slog.GroupValue(group...)})
	}
	if line := encodeLine(t, encode.GELF{}, &rec); strings.Count(line, `,"_g`) != 1024 || !strings.Contains(line, `,"__TRUNCATED":`) {
		t.Errorf("%d fields: …%s", strings.Count(line, `,"_g`), line[len(line)-50:])
	}
	if line := encodeLine(t, encode.ECS{Labels: true}, &rec); strings.Count(line, `"g`) != 1024 || !strings.Contains(line, `,"!TRUNCATED":"`) {
		t.Errorf("%d labels: …%s", strings.Count(line, `"g`), line[len(line)-50:])
	}
}
