package encode_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// Golden bytes, written by hand from the .proto file.
func TestProtobufBytes(t *testing.T) {
	for _, tt := range []struct {
		name string
		rec  encode.Record
		want string
	}{
		{"empty", encode.Record{}, ""},
		{"time, level, message", encode.Record{Time: time.Unix(0, 1), Level: -4, Message: "hi"}, "090100000000000000 1007 1a026869"},
		{"observed", encode.Record{Observed: time.Unix(0, 2)}, "710200000000000000"},
		{"trace", encode.Record{Trace: encode.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}, Flags: 1}}, "3210" + "01000000000000000000000000000000" + "3a08" + "0200000000000000" + "4801"},
		{"attributes", encode.Record{Attrs: []slog.Attr{slog.String("s", ""), slog.Int("i", -1), slog.Bool("b", false), slog.Any("n", nil)}}, "42050a01731a00 42050a01692001 42050a01623800 42030a016e"},
		{"group", encode.Record{Attrs: []slog.Attr{slog.Group("g", slog.Uint64("u", 300))}}, "420d 0a0167 6208 0a06 0a0175 28ac02"},
	} {
		want, err := hex.DecodeString(strings.ReplaceAll(tt.want, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := encodeLine(t, encode.Protobuf{}, &tt.rec); got != string(want) {
			t.Errorf("%s: got %x, want %x", tt.name, got, want)
		}
	}
}

// protoAttrs is what the receiver has to find for attrs.
func protoAttrs(attrs []slog.Attr) (list []any) {
	var keys []string
	for _, a := range attrs {
		keys = append(keys, a.Key)
	}
	for i, name := range wantNames(keys, []string{"!TRUNCATED"}) {
		m := protoValue(attrs[i].Value)
		if name != "" {
			m["key"] = name
		}
		list = append(list, m)
	}
	return list
}

func group(name string, list []any) map[string]any {
	m := map[string]any{}
	if list != nil {
		m[name] = list
	}
	return m
}

func protoValue(v slog.Value) map[string]any {
	one := func(name string, value any) map[string]any { return map[string]any{name: value} }
	switch v.Kind() {
	case slog.KindString:
		return one("string_value", clean(v.String()))
	case slog.KindInt64:
		return one("int_value", v.Int64())
	case slog.KindUint64:
		return one("uint_value", v.Uint64())
	case slog.KindFloat64:
		return one("double_value", v.Float64())
	case slog.KindBool:
		return one("bool_value", v.Bool())
	case slog.KindDuration:
		return one("duration_nano", int64(v.Duration()))
	case slog.KindTime:
		if year := v.Time().UTC().Year(); year < 1678 || year > 2261 {
			return one("string_value", plainValue(v))
		}
		return one("time_unix_nano", v.Time().UnixNano())
	case slog.KindGroup:
		return one("group_value", group("attributes", protoAttrs(v.Group())))
	}
	switch x := v.Any().(type) {
	case nil:
		return map[string]any{}
	case []byte:
		return one("bytes_value", append([]byte{}, x...))
	case encode.JSON:
		return nil // TestProtobufJSON
	case *encode.Error:
		return one("error_value", protoError(x))
	case []slog.Value:
		var list []any
		for _, e := range x {
			list = append(list, protoValue(e))
		}
		return one("list_value", group("values", list))
	}
	return one("string_value", fmt.Sprintf("!UNSUPPORTED %T", v.Any()))
}

func protoError(e *encode.Error) map[string]any {
	m := make(map[string]any)
	setText(m, "type", e.Type[:min(len(e.Type), 1024)])
	setText(m, "message", e.Message)
	var frames, causes []any
	for _, f := range e.Frames {
		frame := make(map[string]any)
		setText(frame, "function", f.Function)
		setText(frame, "file", f.File)
		if f.Line > 0 {
			frame["line"] = uint64(f.Line)
		}
		frames = append(frames, frame)
	}
	for _, c := range e.Causes {
		causes = append(causes, protoError(c))
	}
	if frames != nil {
		m["frames"] = frames
	}
	if causes != nil {
		m["causes"] = causes
	}
	return m
}

func setText(m map[string]any, name, s string) {
	if s != "" {
		m[name] = clean(s)
	}
}

func checkProtobuf(t testing.TB, file protoFile, b []byte, rec *encode.Record) {
	t.Helper()
	got, err := file.decode("LogEntry", b, 1)
	if err != nil {
		t.Fatalf("%v: %x", err, b)
	}
	want := map[string]any{}
	if !rec.Time.IsZero() {
		want["time_unix_nano"] = rec.Time.UnixNano()
	} else if !rec.Observed.IsZero() {
		want["observed_unix_nano"] = rec.Observed.UnixNano()
	}
	if rec.Level != 0 {
		want["level"] = int64(rec.Level)
	}
	setText(want, "message", rec.Message)
	setText(want, "scope", rec.Scope[:min(len(rec.Scope), 1024)])
	if !rec.ID.IsZero() {
		want["id"] = rec.ID[:]
	}
	for name, value := range want {
		if text(got[name]) != text(value) {
			t.Fatalf("%s is %v, want %v", name, got[name], value)
		}
	}
	if anyJSON(rec.Attrs) || longKey(rec.Attrs) {
		return // JSON is TestProtobufJSON's, and what is cut TestS9_Limits'
	}
	var list []any
	if l, ok := got["attributes"].([]any); ok {
		list = l
	}
	if text(list) != text(protoAttrs(rec.Attrs)) {
		t.Fatalf("\n got %s\nwant %s", text(list), text(protoAttrs(rec.Attrs)))
	}
}

// anyJSON reports whether rec has JSON, also within lists.
func anyJSON(attrs []slog.Attr) bool { return anyValue(attrs, isJSON) }

func isJSON(v slog.Value) bool {
	if v.Kind() == slog.KindGroup {
		return anyJSON(v.Group())
	}
	if list, ok := v.Any().([]slog.Value); ok {
		for _, e := range list {
			if isJSON(e) {
				return true
			}
		}
	}
	_, ok := v.Any().(encode.JSON)
	return ok
}

func FuzzProtobuf(f *testing.F) {
	addSeeds(f)
	file := readProto(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		rec := (&gen{data: data}).record()
		b, err := encode.Protobuf{}.AppendRecord(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		checkProtobuf(t, file, b, rec)
	})
}

// S1 and S5: every message parses, and every value comes back as it was but for
// bytes that are not UTF-8.
func TestS1_Protobuf(t *testing.T) {
	file := readProto(t)
	hostile(t, s1Share(), func(rec *encode.Record) {
		b, _ := encode.Protobuf{}.AppendRecord(nil, rec)
		checkProtobuf(t, file, b, rec)
	})
}

func TestProtobufJSON(t *testing.T) {
	file := readProto(t)
	for src, want := range map[string]map[string]any{
		"{ \"a\" :\n[1 , \"\u202e\"] }": {"json_value": `{"a":[1,"\u202e"]}`},
		"{\"a\":1}\n{}":                 {"string_value": "{\"a\":1}\n{}"},
		"\xff":                          {"string_value": "\ufffd"},
	} {
		b, _ := encode.Protobuf{}.AppendRecord(nil, &encode.Record{Attrs: []slog.Attr{slog.Any("", encode.JSON(src))}})
		got, err := file.decode("LogEntry", b, 1)
		if err != nil || text(got["attributes"]) != text([]any{want}) {
			t.Errorf("%q: %v, %v", src, got, err)
		}
	}
}

func TestProtobufFull(t *testing.T) {
	file := readProto(t)
	rec := fullRecord()
	b, _ := encode.Protobuf{}.AppendRecord(nil, &rec)
	got, err := file.decode("LogEntry", b, 1)
	if err != nil {
		t.Fatal(err)
	}
	frame := map[string]any{"function": "main.f", "file": "/src/a.go", "line": uint64(3)}
	for name, want := range map[string]any{
		"source": frame, "stack": []any{frame}, "scope": "db", "trace_flags": uint64(1), "trace_id": rec.Trace.TraceID[:], "span_id": rec.Trace.SpanID[:],
		"resource": map[string]any{
			"service": "s", "version": "v", "environment": "e", "instance": "i", "host": "h", "pid": uint64(7), "attributes": protoAttrs(rec.Resource.Attrs),
		},
	} {
		if text(got[name]) != text(want) {
			t.Errorf("%s is %s, want %s", name, text(got[name]), text(want))
		}
	}
	b, _ = encode.Protobuf{NoResource: true}.AppendRecord(nil, &rec)
	if got, err := file.decode("LogEntry", b, 1); err != nil || got["resource"] != nil {
		t.Errorf("NoResource: %v, %v", got["resource"], err)
	}
}

// Times that nanoseconds cannot hold, and bytes that do not fit.
func TestProtobufEdges(t *testing.T) {
	file := readProto(t)
	rec := encode.Record{Time: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Level: math.MaxInt, Attrs: []slog.Attr{
		slog.Time("t", time.Date(1066, 10, 14, 0, 0, 0, 0, time.UTC)),
		slog.Any("b", bytes.Repeat([]byte{0xff}, 300)),
	}}
	b, _ := encode.Protobuf{MaxBytes: 200}.AppendRecord(nil, &rec)
	got, err := file.decode("LogEntry", b, 1)
	want := []any{
		map[string]any{"key": "t", "string_value": "1066-10-14T00:00:00.000000000Z"},
		map[string]any{"key": "b", "string_value": "!TRUNCATED 300 bytes"},
	}
	if err != nil || got["time_unix_nano"] != int64(math.MaxInt64) || got["level"] != int64(math.MaxInt32) || text(got["attributes"]) != text(want) {
		t.Errorf("%v, %v", got, err)
	}
}

// S9: what nests as deep as it may is within the limit that protobuf's parsers
// have; every form of nesting, and all at once.
func TestS9_ProtobufDepth(t *testing.T) {
	file := readProto(t)
	deep := &encode.Error{Message: "core"}
	for range 200 {
		deep = &encode.Error{Message: "m", Causes: []*encode.Error{deep}}
	}
	inGroup := func(v slog.Value) slog.Value { return slog.GroupValue(slog.Attr{Key: "g", Value: v}) }
	inList := func(v slog.Value) slog.Value { return slog.AnyValue([]slog.Value{v}) }
	for name, v := range map[string]slog.Value{
		"groups": nest(200, inGroup), "lists": nest(200, inList), "causes": slog.AnyValue(deep),
		"mixed": nest(100, func(v slog.Value) slog.Value { return inList(inGroup(v)) }),
		"error": inGroup(inList(slog.AnyValue(deep))),
	} {
		for _, rec := range []encode.Record{{Attrs: []slog.Attr{{Key: "a", Value: v}}}, {Resource: &encode.Resource{Attrs: []slog.Attr{{Key: "a", Value: v}}}}} {
			b, _ := encode.Protobuf{}.AppendRecord(nil, &rec)
			if _, err := file.decode("LogEntry", b, 3); err != nil { // 3: within a batch within a request
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// interner numbers what it is asked for, in order.
type interner struct{ refs map[string]uint32 }

func (in *interner) Intern(s string) (uint32, bool) {
	if ref, ok := in.refs[s]; ok {
		return ref, true
	}
	if strings.HasPrefix(s, "x") {
		return 0, false // to be written in full
	}
	ref := uint32(len(in.refs) + 1)
	in.refs[strings.Clone(s)] = ref
	return ref, false
}

// learn notes what v tells of numbers: where a string stands beside one.
func learn(v any, told map[uint64]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			learn(e, told)
			base, isRef := strings.CutSuffix(name, "_ref")
			if s, ok := v[base].(string); isRef && ok {
				told[e.(uint64)] = s
			}
		}
	case []any:
		for _, e := range v {
			learn(e, told)
		}
	}
}

// expand puts the strings of a stream back where their numbers are.
func expand(v any, told map[uint64]string) any {
	switch v := v.(type) {
	case map[string]any:
		whole := make(map[string]any)
		for name, e := range v {
			if base, isRef := strings.CutSuffix(name, "_ref"); isRef {
				whole[base] = told[e.(uint64)]
			} else {
				whole[name] = expand(e, told)
			}
		}
		return whole
	case []any:
		for i, e := range v {
			v[i] = expand(e, told)
		}
	}
	return v
}

// A stream with numbers says what it says without them, and is shorter.
func TestProtobufInterned(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 3))
	file := readProto(t)
	in := &interner{refs: make(map[string]uint32)}
	told := make(map[uint64]string)
	for range 500 {
		rec := (&gen{data: randomBytes(rnd, 150)}).record()
		plain, _ := encode.Protobuf{}.AppendRecord(nil, rec)
		interned := encode.Protobuf{}.AppendInterned(nil, rec, in)
		want, err := file.decode("LogEntry", plain, 1)
		if err != nil {
			t.Fatal(err)
		}
		got, err := file.decode("LogEntry", interned, 1)
		if err != nil {
			t.Fatal(err)
		}
		learn(got, told)
		if whole := text(expand(got, told)); whole != text(want) {
			t.Fatalf("\n got %s\nwant %s", whole, text(want))
		}
	}
	rec := budgetRecord()
	first := encode.Protobuf{}.AppendInterned(nil, rec, in)
	second := encode.Protobuf{}.AppendInterned(nil, rec, in)
	plain, _ := encode.Protobuf{}.AppendRecord(nil, rec)
	if len(second) >= len(plain) || len(first) <= len(plain) {
		t.Errorf("%d bytes in full, %d at first, %d then", len(plain), len(first), len(second))
	}
}
