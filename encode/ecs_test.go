package encode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/slogship/slogship/encode"
)

func fullRecord() encode.Record {
	return encode.Record{
		ID: encode.ID{0xab}, Time: at(5_000_000), Observed: at(7_000_000), Level: slog.LevelWarn, Message: "m", Scope: "db",
		Source:   slog.Source{Function: "main.f", File: "/src/a.go", Line: 3},
		Stack:    []encode.Frame{{Function: "main.f", File: "/src/a.go", Line: 3}},
		Trace:    encode.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}, Flags: 1},
		Resource: &encode.Resource{Service: "s", Version: "v", Environment: "e", Instance: "i", Host: "h", PID: 7, Attrs: []slog.Attr{slog.Int("k8s.pod", 1), slog.String("service.name", "x")}},
		Attrs: []slog.Attr{
			slog.Group("g", slog.Int("n", 1), slog.Any("err", &encode.Error{
				Type: "*fs.PathError", Message: "no file", Frames: []encode.Frame{{Function: "main.f", File: "/src/a.go", Line: 1}},
			})),
			slog.Any("other", &encode.Error{Message: "second"}),
		},
	}
}

func TestECS(t *testing.T) {
	full := fullRecord()
	const head = `{"@timestamp":"2026-11-23T09:49:44.000Z","log.level":"info","message":""`
	const end = `,"ecs.version":"8.17.0"}`
	attr := func(a ...slog.Attr) encode.Record { return encode.Record{Time: at(0), Attrs: a} }
	for _, tt := range []struct {
		name string
		enc  encode.ECS
		rec  encode.Record
		want string
	}{
		{"full", encode.ECS{}, full, `{"@timestamp":"2026-11-23T09:49:44.005Z","log.level":"warn","message":"m","g":{"n":1},"other":{"message":"second"},` +
			`"error.message":"no file","error.type":"*fs.PathError","error.stack_trace":"main.f\n\t/src/a.go:1",` +
			`"log.logger":"db","log.origin.file.name":"/src/a.go","log.origin.file.line":3,"log.origin.function":"main.f","log.origin.stack_trace":"main.f\n\t/src/a.go:3",` +
			`"trace.id":"01000000000000000000000000000000","span.id":"0200000000000000","event.id":"ab000000-0000-0000-0000-000000000000","event.created":"2026-11-23T09:49:44.007Z",` +
			`"service.name":"s","service.version":"v","service.environment":"e","service.node.name":"i","host.hostname":"h","process.pid":7,` +
			`"labels":{"k8s_pod":"1","service_name":"x"}` + end},
		{"nanos", encode.ECS{Nanos: true}, attr(slog.Time("t", at(1))), strings.Replace(head, ".000Z", ".000000000Z", 1) + `,"t":"2026-11-23T09:49:44.000000001Z"` + end},
		{"observed for want of a time", encode.ECS{}, encode.Record{Observed: at(0)}, head + end},
		{"taken at once", encode.ECS{}, encode.Record{Time: at(0), Observed: at(999_999)}, head + end},
		{"taken before it was logged", encode.ECS{}, encode.Record{Time: at(0), Observed: at(0).Add(-time.Hour)}, head + `,"event.created":"2026-11-23T08:49:44.000Z"` + end},
		{"ECS's own", encode.ECS{}, attr(slog.String("host", "a"), slog.String("User", "b"), slog.Group("http", slog.String("host", "c")), slog.String("log", "d")),
			head + `,"host#2":"a","User#2":"b","http#2":{"host":"c"},"log#2":"d"` + end},
		{"dots", encode.ECS{}, attr(slog.Int("log.level", 1), slog.Int("log_level", 2), slog.Int("user.agent", 3), slog.Int(".", 4), slog.Group("g", slog.Int("a..b", 5), slog.Int("a__b", 6))),
			head + `,"log_level":1,"log_level#2":2,"user_agent#2":3,"_":4,"g":{"a__b":5,"a__b#2":6}` + end},
		{"blank", encode.ECS{}, attr(slog.Int("", 1), slog.Int(" \t", 2), slog.Int("\u2003", 3), slog.Int("_", 4), slog.Int("\x00", 5)),
			head + `,"_":1,"_#2":2,"_#3":3,"_#4":4,"\u0000":5` + end},
		{"not finite", encode.ECS{}, attr(slog.Float64("a", math.NaN()), slog.Float64("b", math.Inf(1)), slog.Float64("c", 1.5)), head + `,"a":null,"b":null,"c":1.5` + end},
		{"json", encode.ECS{}, attr(slog.Any("j", encode.JSON(`{"a.b":{"":1," ":2},"\u002e\u002E":3,"\t":4,"a\u0020":5}`))), head + `,"j":{"a_b":{"_":1,"_":2},"__":3,"_":4,"a\u0020":5}` + end},
		{"duration", encode.ECS{Duration: encode.DurationMillis}, attr(slog.Duration("d", time.Second)), head + `,"d":1000` + end},
		{"labels", encode.ECS{Labels: true}, attr(slog.Group("a", slog.Int("b", 1), slog.Bool("c.d", true)), slog.Int("a_b", 2), slog.String("host", "x y"), slog.Any("n", nil),
			slog.Duration("d", time.Second), slog.Any("l", []slog.Value{slog.IntValue(1), slog.StringValue("q")}), slog.String("a b", "\n"), slog.Int("a#2", 1)),
			head + `,"labels":{"a_b":"1","a_c_d":"true","a_b#2":"2","host":"x y","n":"null","d":"1s","l":"[1,\"q\"]","a_b#3":"\n","a#2#1":"1"}` + end},
		{"labels of the resource, too", encode.ECS{Labels: true}, encode.Record{Time: at(0), Attrs: []slog.Attr{slog.Int("x", 1)}, Resource: &encode.Resource{Attrs: []slog.Attr{slog.Int("x", 2)}}},
			head + `,"labels":{"x":"1","x#2":"2"}` + end},
		{"nothing for labels", encode.ECS{Labels: true}, attr(), head + end},
	} {
		if got := encodeLine(t, tt.enc, &tt.rec); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

var errMapping = errors.New("document that Elasticsearch would refuse")

// mapping is what Elasticsearch knows after a document: the type of each path,
// dots in names being paths as well. It starts with those of ECS.
type mapping map[string]string

func ecsMapping() mapping {
	m := mapping{"@timestamp": "scalar", "message": "scalar"}
	for _, path := range []string{
		"log.level", "log.logger", "log.origin.file.name", "log.origin.file.line", "log.origin.function", "log.origin.stack_trace",
		"error.message", "error.type", "error.stack_trace", "trace.id", "span.id", "event.id", "event.created",
		"service.name", "service.version", "service.environment", "service.node.name", "host.hostname", "host.name", "process.pid",
		"ecs.version", "labels.x", "user.name", "url.path", "http.request.method", "source.ip", "group.id", "file.path", "os.name", "agent.name", "data_stream.type",
		"user_agent.name", "code_signature.exists", "input.type", "tags.x",
	} {
		m.set(strings.Split(path, "."), "scalar")
	}
	return m
}

// set adds a leaf and the objects above it.
func (m mapping) set(path []string, kind string) error {
	for i := range path {
		want := "object"
		if i == len(path)-1 {
			want = kind
		}
		p := strings.Join(path[:i+1], ".")
		if have, ok := m[p]; ok && have != want {
			return fmt.Errorf("%w: %q is %s and would be %s", errMapping, p, have, want)
		}
		m[p] = want
	}
	return nil
}

// add reads one document as Elasticsearch does: names are paths, none of their
// parts may be blank, no path is both object and value, and with the root there
// are no more than 20 objects around a value.
func (m mapping) add(doc map[string]any, in []string) error {
	if len(in) > 19 {
		return fmt.Errorf("%w: %d levels", errMapping, len(in))
	}
	for name, value := range doc {
		path := append(in[:len(in):len(in)], strings.Split(name, ".")...)
		for _, part := range path {
			if strings.TrimFunc(part, func(r rune) bool { return unicode.IsSpace(r) }) == "" {
				return fmt.Errorf("%w: a part of %q is blank", errMapping, path)
			}
		}
		if err := m.value(path, value); err != nil {
			return err
		}
	}
	return nil
}

func (m mapping) value(path []string, value any) error {
	switch v := value.(type) {
	case nil:
		return nil
	case map[string]any:
		if err := m.set(path, "object"); err != nil {
			return err
		}
		return m.add(v, path)
	case []any:
		for _, element := range v {
			if err := m.value(path, element); err != nil {
				return err
			}
		}
		return nil
	default:
		return m.set(path, "scalar")
	}
}

// checkECS holds a document against what ECS and Elasticsearch demand.
func checkECS(t testing.TB, line []byte, rec *encode.Record, twice bool) {
	t.Helper()
	if r, bad := rawControl(line); bad {
		t.Fatalf("raw %U in %q", r, line)
	}
	if err := walkJSON(line, nil); err != nil && !(twice && errors.Is(err, errTwice)) {
		t.Fatalf("%v: %s", err, line)
	}
	if !bytes.HasPrefix(line, []byte(`{"@timestamp":"`)) {
		t.Fatalf("does not begin with a timestamp: %s", line)
	}
	var doc map[string]any
	if err := json.Unmarshal(line, &doc); err != nil {
		t.Fatal(err)
	}
	if doc["message"] != clean(rec.Message) || doc["log.level"] != strings.ToLower(encode.LevelName(rec.Level)) || doc["ecs.version"] != encode.ECSVersion {
		t.Fatalf("own fields: %s", line)
	}
	if id := doc["event.id"]; !rec.ID.IsZero() && id != rec.ID.String() {
		t.Fatalf("event.id %v, want %v", id, rec.ID)
	}
	if err := ecsMapping().add(doc, nil); err != nil && !mixedLists(rec) {
		t.Fatalf("%v: %s", err, line)
	}
}

// mixedLists reports whether rec has lists or JSON. In both, values of different
// kinds may stand side by side, and names in JSON that differ by a dot alone become
// the same: they are data, and not for an encoder to change.
func mixedLists(rec *encode.Record) bool {
	return anyValue(rec.Attrs, func(v slog.Value) bool {
		if v.Kind() != slog.KindAny {
			return false
		}
		switch v.Any().(type) {
		case []slog.Value, encode.JSON:
			return true
		}
		return false
	})
}

func anyValue(attrs []slog.Attr, is func(slog.Value) bool) bool {
	for _, a := range attrs {
		if is(a.Value) || a.Value.Kind() == slog.KindGroup && anyValue(a.Value.Group(), is) {
			return true
		}
	}
	return false
}

func FuzzECS(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		rec := (&gen{data: data}).record()
		for _, enc := range []encode.ECS{{}, {Labels: true}} {
			line, err := enc.AppendRecord(nil, rec)
			if err != nil {
				t.Fatal(err)
			}
			checkECS(t, line, rec, mixedLists(rec))
		}
	})
}

// S1 and S6: hostile records in one file, each a line and a document of its own
// that Elasticsearch would take.
func TestS1_ECS(t *testing.T) {
	for _, enc := range []encode.ECS{{}, {Labels: true}} {
		sent, seen := 0, 0
		hostile(t, s1Share(), func(rec *encode.Record) {
			line, _ := enc.AppendRecord(nil, rec)
			sent++
			for part := range bytes.Lines(append(line, '\n')) {
				seen++
				checkECS(t, bytes.TrimSuffix(part, []byte("\n")), rec, mixedLists(rec))
			}
		})
		if seen != sent {
			t.Fatalf("%d documents seen, %d sent", seen, sent)
		}
	}
}

// S6: every name that is in use, alone, as a group, with dots and in other forms,
// leaves the record's own fields and ECS's types alone, and is still there.
func TestS6_ECS(t *testing.T) {
	rec := fullRecord()
	rec.Attrs = nil
	for path := range ecsMapping() {
		for _, key := range []string{path, strings.ToUpper(path), strings.ReplaceAll(path, ".", "_"), strings.ReplaceAll(path, "s", "\u017f")} {
			rec.Attrs = append(rec.Attrs, slog.String(key, "forged"))
		}
		if first, rest, ok := strings.Cut(path, "."); ok {
			rec.Attrs = append(rec.Attrs, slog.Group(first, slog.String(rest, "forged")))
		}
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(rec.Attrs), func(i, j int) { rec.Attrs[i], rec.Attrs[j] = rec.Attrs[j], rec.Attrs[i] })
	for _, enc := range []encode.ECS{{}, {Labels: true}} {
		line, _ := enc.AppendRecord(nil, &rec)
		checkECS(t, line, &rec, false)
		if n := strings.Count(string(line), `"forged"`); n != len(rec.Attrs) {
			t.Errorf("%+v: %d of %d attributes are left", enc, n, len(rec.Attrs))
		}
		var doc map[string]any
		json.Unmarshal(line, &doc)
		for name, value := range doc {
			own := strings.ContainsAny(name, ".@") || name == "message"
			if own && !numberedName.MatchString(name) && value == "forged" {
				t.Errorf("%+v: %q is forged", enc, name)
			}
		}
	}
}

// S9: what is nested as deep as it may be is within Elasticsearch's limit.
func TestS9_ECSDepth(t *testing.T) {
	in := func(v slog.Value) slog.Value { return slog.GroupValue(slog.Attr{Key: "g", Value: v}) }
	e := &encode.Error{Message: "core"}
	for range 100 {
		e = &encode.Error{Message: "m", Causes: []*encode.Error{e}}
	}
	for name, v := range map[string]slog.Value{
		"groups": nest(200, in), "causes": slog.AnyValue(e),
		"json in groups":  in(in(slog.AnyValue(encode.JSON(strings.Repeat(`{"a":`, 18) + "1" + strings.Repeat("}", 18))))),
		"error in groups": nest(1, func(slog.Value) slog.Value { return in(in(in(slog.AnyValue(e)))) }),
		"list of groups":  slog.AnyValue([]slog.Value{nest(200, in)}),
	} {
		first := slog.Any("first", &encode.Error{Message: "the one that is lifted"})
		rec := encode.Record{Time: at(0), Attrs: []slog.Attr{first, {Key: "a", Value: v}}}
		line := encodeLine(t, encode.ECS{}, &rec)
		var doc map[string]any
		if err := json.Unmarshal([]byte(line), &doc); err != nil {
			t.Fatal(err)
		}
		if err := ecsMapping().add(doc, nil); err != nil {
			t.Errorf("%s: %v: %s", name, err, line)
		}
	}
}

// An error that is shared by two attributes, or is nil, and one behind a group
// without end.
func TestECSError(t *testing.T) {
	e := &encode.Error{Message: "once"}
	rec := encode.Record{Attrs: []slog.Attr{slog.Any("nil", (*encode.Error)(nil)), slog.Any("a", e), slog.Any("b", e)}}
	line := encodeLine(t, encode.ECS{}, &rec)
	if !strings.Contains(line, `"nil":null,"error.message":"once","ecs`) {
		t.Error(line)
	}
	deep := nest(500, func(v slog.Value) slog.Value { return slog.GroupValue(slog.Attr{Key: "g", Value: v}) })
	rec.Attrs = []slog.Attr{{Key: "g", Value: deep}, slog.Any("a", e)}
	if line := encodeLine(t, encode.ECS{}, &rec); !strings.Contains(line, `"error.message":"once"`) {
		t.Error(line)
	}
	v := slog.AnyValue(e)
	for range 100 {
		v = slog.GroupValue(slog.Attr{Key: "g", Value: v})
	}
	rec.Attrs = []slog.Attr{{Key: "g", Value: v}}
	if line := encodeLine(t, encode.ECS{}, &rec); strings.Contains(line, "once") || !strings.Contains(line, "!TRUNCATED") {
		t.Errorf("an error deeper than 64 groups: %s", line)
	}
}
