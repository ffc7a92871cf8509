package codec

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
)

// S9: 1 MiB a record, 64 levels, 1,024 attributes; beyond: truncated and
// counted, memory at most four times the limit.

// record encodes a message and attributes and decodes them again. It fails if
// the payload is longer than Limit.
func record(t *testing.T, msg string, attrs ...slog.Attr) encode.Record {
	t.Helper()
	p := encodeInto(nil, &Header{Message: msg}, attrs)
	if len(p) > Limit {
		t.Fatalf("payload of %d bytes", len(p))
	}
	var d Decoder
	var rec encode.Record
	if err := d.Decode(string(p), &rec); err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestS9_AHugeTextIsCutAndLeavesRoom(t *testing.T) { // S9
	huge := strings.Repeat("é", Limit)
	small := slog.String("small", "still here")
	for name, attr := range map[string]slog.Attr{
		"string": slog.String("huge", huge),
		"error":  slog.Any("huge", fmt.Errorf("%s", huge)),
		"bytes":  slog.Any("huge", []byte(huge)),
		"json":   slog.Any("huge", encode.JSON(`"`+huge+`"`)),
		"list":   slog.Any("huge", []string{huge, "x"}),
		"group":  slog.Group("huge", slog.String("a", huge)),
	} {
		rec := record(t, "m", attr, small)
		if n := len(rec.Attrs); n != 3 || rec.Attrs[1].Value.String() != "still here" || truncated(rec.Attrs) != 1 {
			t.Errorf("%s: %d attributes, %d cut", name, n, truncated(rec.Attrs))
		}
	}
	rec := record(t, huge, small)
	if !utf8.ValidString(rec.Message) || !strings.HasSuffix(rec.Message, cutMark) || len(rec.Message) < Limit/2 {
		t.Errorf("message of %d bytes ends in %q", len(rec.Message), rec.Message[len(rec.Message)-20:])
	}
	if len(rec.Attrs) != 2 || truncated(rec.Attrs) != 1 {
		t.Errorf("with a huge message: %s", dump(rec.Attrs))
	}
}

func TestS9_ManyAttributes(t *testing.T) { // S9
	attrs := make([]slog.Attr, 5000)
	for i := range attrs {
		attrs[i] = slog.Int(fmt.Sprint("k", i), i)
	}
	rec := record(t, "m", attrs...) // over calls: the decoder's bound
	if n := len(rec.Attrs); n != MaxAttrs+1 || truncated(rec.Attrs) != 5000-MaxAttrs || rec.Attrs[MaxAttrs-1].Key != "k1023" {
		t.Errorf("%d attributes, %d cut", n, truncated(rec.Attrs))
	}
	rec = record(t, "m", slog.Attr{Key: "g", Value: slog.GroupValue(attrs...)}) // in one call: the encoder's
	if n := len(rec.Attrs[0].Value.Group()); n != MaxAttrs-1 || truncated(rec.Attrs) != 5000-MaxAttrs+1 {
		t.Errorf("in a group: %d attributes, %d cut", n, truncated(rec.Attrs))
	}
}

func depthOf(v slog.Value) int {
	deepest := 0
	switch {
	case v.Kind() == slog.KindGroup:
		for _, a := range v.Group() {
			deepest = max(deepest, 1+depthOf(a.Value))
		}
	case v.Kind() == slog.KindAny:
		if list, ok := v.Any().([]slog.Value); ok {
			for _, e := range list {
				deepest = max(deepest, 1+depthOf(e))
			}
		}
	}
	return deepest
}

func TestS9_Depth(t *testing.T) { // S9
	group, list := slog.IntValue(1), any(1)
	for range MaxDepth {
		group = slog.GroupValue(slog.Attr{Key: "g", Value: group})
		list = []any{list}
	}
	for name, v := range map[string]slog.Value{"groups": group, "lists": slog.AnyValue(list)} {
		rec := record(t, "m", slog.Attr{Key: "k", Value: v})
		if d := depthOf(rec.Attrs[0].Value); d != MaxDepth || truncated(rec.Attrs) != 0 {
			t.Errorf("%s, as deep as allowed: %d deep, %d cut", name, d, truncated(rec.Attrs))
		}
		rec = record(t, "m", slog.Int("a", 1), slog.Any("k", []any{slog.Attr{Key: "x", Value: v}}))
		if d := depthOf(slog.GroupValue(rec.Attrs...)); d > MaxDepth+1 || truncated(rec.Attrs) == 0 {
			t.Errorf("%s, deeper: %d deep, %d cut", name, d, truncated(rec.Attrs))
		}
	}
	var p []byte // over calls
	for range 2000 {
		p = AppendGroup(p, "g")
	}
	p = AppendAttr(p, slog.Int("lost", 1))
	for range 2000 {
		p = AppendGroupEnd(p)
	}
	if got := dump(decode(t, AppendAttr(p, slog.Int("after", 2)))); got != `"after"=Int64(2) "!TRUNCATED"=Int64(1) ` {
		t.Errorf("groups over calls: %s", got)
	}
}

func TestS9_DepthOverCalls(t *testing.T) { // S9
	var p []byte
	for range 60 {
		p = AppendGroup(p, "g")
	}
	lists := any(1)
	for range 20 {
		lists = []any{lists, 2}
	}
	got := decode(t, AppendAttr(p, slog.Any("lists", lists)))
	if d := depthOf(slog.GroupValue(got...)); d != MaxDepth+1 || truncated(got) != 2 { // the record is no group, but one here
		t.Errorf("%d deep, %d cut", d, truncated(got))
	}
}

func TestS9_ALongListIsCutAndCountedExactly(t *testing.T) { // S9
	for name, v := range map[string]any{"ints": make([]int, 20_000), "by reflection": make([]uint16, 20_000)} {
		got := through(t, slog.Any("k", v))
		if n := len(got[0].Value.Any().([]slog.Value)); n == 0 || int64(n)+truncated(got) != 20_000 {
			t.Errorf("%s: %d elements and %d cut are not 20,000", name, n, truncated(got))
		}
	}
}

// However a record is built, at whatever fill, it stays within Limit, can be
// read, and says exactly how many attributes it lacks.
func TestS9_FillingUpIsExact(t *testing.T) { // S9
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		p := AppendHeader(nil, &Header{Message: strings.Repeat("m", Limit/2+r.IntN(Limit/4))})
		given := map[string]int{} // length by key
		for i := range 1000 {     // below MaxAttrs: only bytes are short
			key, n := fmt.Sprint(i), 1+r.IntN(1500)
			given[key] = n
			if v := bytes.Repeat([]byte{kindCut}, n); r.IntN(2) == 0 {
				p = AppendAttr(p, slog.Any(key, v))
			} else {
				p = AppendAttr(p, slog.String(key, string(v)))
			}
			if len(p) > Limit {
				t.Fatalf("%d bytes", len(p))
			}
		}
		var d Decoder
		var rec encode.Record
		if err := d.Decode(string(p), &rec); err != nil {
			t.Fatal(err)
		}
		want := int64(len(given))
		for _, a := range rec.Attrs[:len(rec.Attrs)-1] {
			if b, ok := a.Value.Any().([]byte); ok && len(b) == given[a.Key] || !ok && a.Value.String() == strings.Repeat("\x10", given[a.Key]) {
				want-- // there, and whole
			}
		}
		if got := truncated(rec.Attrs); got != want || want == 0 {
			t.Errorf("%d of %d are whole, %d are counted as cut", int64(len(given))-want, len(given), got)
		}
	}
}

// Every kind of value, begun at every one of the last bytes.
func TestS9_AtTheEdgeOfTheLimit(t *testing.T) { // S9
	if testing.Short() {
		t.Skip("copies some gigabytes")
	}
	long := strings.Repeat("k", 5000)
	err := fmt.Errorf("%s: %w", long, traced{make([]uintptr, 3)})
	values := []slog.Attr{
		slog.String(long, long), slog.Any(long, []any{long, err, map[string]string{"a": long}, slog.Int(long, 1)}), slog.Any(long, err),
		slog.Group(long, slog.Group(long, slog.Group(long, slog.Any(long, &causer{long, []error{err, err, err}})))),
		slog.Any(long, &encode.Error{Type: long, Message: long, Frames: make([]encode.Frame, 300)}),
	}
	header := AppendHeader(nil, &Header{})
	buf := make([]byte, 0, 2*Limit)
	for left := 0; left < 9000; left += 127 {
		for i := range values {
			p := append(buf[:0], header...)
			p = appendString(append(p, kindBytes, 0), strings.Repeat("\x10", Limit-left-len(p)-5))
			p = AppendGroup(p, long)
			p = AppendAttr(p, values[i])
			p = AppendGroupEnd(p)
			p = AppendEncoded(p, AppendAttr(AppendGroup(nil, "g"), values[0]))
			for range 3000 {
				p = AppendAttr(AppendGroup(p, long), values[i])
			}
			var d Decoder
			if err := d.Decode(string(p), new(encode.Record)); err != nil || len(p) > Limit {
				t.Fatalf("value %d with %d bytes left: %d bytes, error %v", i, left, len(p), err)
			}
		}
	}
}

func TestAppendEncodedTakesWhatFits(t *testing.T) {
	var prefix []byte
	prefix = AppendAttr(prefix, slog.String("a", strings.Repeat("a", Limit/2)))
	prefix = AppendGroup(prefix, "g")
	prefix = AppendAttr(prefix, slog.Any("list", []any{1, slog.Int("x", 1), []string{"y"}}))
	prefix = AppendAttr(prefix, slog.Any("err", fmt.Errorf("a: %w", traced{make([]uintptr, 1)})))
	prefix = AppendAttr(prefix, slog.Time("t", time.Unix(1<<40, 0)))
	prefix = AppendAttr(prefix, slog.Int(strings.Repeat("k", 2000), 1)) // cut, and says so
	p := AppendHeader(nil, &Header{Message: strings.Repeat("m", Limit/2)})
	p = AppendAttr(AppendEncoded(p, prefix), slog.Int("own", 1))
	var d Decoder
	var rec encode.Record
	if err := d.Decode(string(p), &rec); err != nil || len(p) > Limit {
		t.Fatalf("%d bytes, error %v", len(p), err)
	}
	if len(rec.Attrs) != 2 || truncated(rec.Attrs) != 2 || rec.Attrs[0].Key != "g" || len(rec.Attrs[0].Value.Group()) != 5 {
		t.Errorf("got %.500s", dump(rec.Attrs))
	}
	p = AppendEncoded(AppendHeader(nil, &Header{Message: strings.Repeat("m", Limit)}), []byte{kindInt64, 1})
	if err := d.Decode(string(p), &rec); err != nil || truncated(rec.Attrs) != 2 {
		t.Errorf("a broken prefix: error %v, %d cut", err, truncated(rec.Attrs))
	}
}

func TestAFullPrefixKeepsItsCount(t *testing.T) {
	var prefix []byte
	text, given := strings.Repeat("x", 1020), 1020
	for range given {
		prefix = AppendAttr(prefix, slog.String("k", text))
	}
	if len(prefix) != Limit {
		t.Fatalf("the prefix of %d bytes is not full: this test shows nothing", len(prefix))
	}
	got := decode(t, AppendEncoded(AppendHeader(nil, &Header{}), prefix)[len(AppendHeader(nil, &Header{})):])
	whole := 0
	for _, a := range got {
		if a.Value.String() == text {
			whole++
		}
	}
	if lost := truncated(got); int64(whole)+lost != int64(given) {
		t.Errorf("%d whole and %d cut are not %d", whole, lost, given)
	}
}

// What is stepped over must be stepped over whole: each kind stands once beyond
// the bound on attributes, and once in a list beyond its bound.
func TestEveryKindCanBeLeftOut(t *testing.T) {
	list := []any{"s", 1, uint(2), 1.5, true, time.Second, time.Time{}, time.Unix(1, 0), time.Unix(1<<40, 0), nil, []byte("b"), map[string]int{},
		fmt.Errorf("w: %w", traced{make([]uintptr, 2)}), &encode.Error{Frames: make([]encode.Frame, 3)}, []any{1, []any{slog.Int("a", 1)}},
		slog.GroupValue(slog.Int("x", 1), slog.Group("y", slog.Any("z", []int{1})))}
	var p []byte
	for range MaxAttrs {
		p = AppendAttr(p, slog.Int("a", 1))
	}
	for i, v := range list {
		p = AppendAttr(p, slog.Any(fmt.Sprint(i), v))
	}
	p = AppendAttr(p, slog.Any("list", list))
	if got := decode(t, p); len(got) != MaxAttrs+1 || truncated(got) != int64(len(list))+1 {
		t.Errorf("%d attributes, %d cut, want %d", len(got), truncated(got), len(list)+1)
	}
	lists := make([]any, 200)
	for i := range lists {
		lists[i] = list[:len(list)-2] // attributes in them would be bounded first
	}
	lists[100] = list
	p = nil
	for range 12 { // each within the encoder's bound, together beyond the decoder's
		p = AppendAttr(p, slog.Any("lists", lists))
	}
	got := decode(t, AppendAttr(p, slog.Int("last", 1)))
	if n := len(got); n != 14 || got[12].Key != "last" || truncated(got) < 100 {
		t.Errorf("%d attributes, %d cut", n, truncated(got))
	}
	if n := len(got[0].Value.Any().([]slog.Value)); n != len(lists) {
		t.Errorf("the first list has %d elements, want %d", n, len(lists))
	}
}

func TestS9_ManyCausesAndFramesAreBounded(t *testing.T) { // S9
	var p []byte
	deep := make([]uintptr, maxFrames)
	for i := range deep {
		deep[i] = 1
	}
	many := &encode.Error{Frames: make([]encode.Frame, maxFrames)}
	for range maxCauses {
		many.Causes = append(many.Causes, &encode.Error{Message: "c"})
	}
	for range 1000 {
		p = AppendAttr(p, slog.Any("e", many))
	}
	list := make([]*encode.Error, 100)
	for i := range list {
		list[i] = many
	}
	p = AppendAttr(p, slog.Any("list", list))
	got := decode(t, p)
	frames, causes := 0, 0
	for _, a := range got[:1000] {
		e := a.Value.Any().(*encode.Error)
		frames += len(e.Frames)
		causes += len(e.Causes)
	}
	if frames != maxRecordFrames || causes > maxNodes || truncated(got) == 0 {
		t.Errorf("%d frames, %d causes, %d cut", frames, causes, truncated(got))
	}
}

func TestRuneEdge(t *testing.T) {
	s := "aé€😀"
	for n, want := range []int{0, 1, 1, 3, 3, 3, 6, 6, 6, 6} {
		if got := runeEdge(s, n); got != want {
			t.Errorf("runeEdge(%q, %d) = %d, want %d", s, n, got, want)
		}
	}
	if got := runeEdge("\x80\x80\x80\x80\x80\x80", 5); got != 5 {
		t.Errorf("in no UTF-8: %d, want 5", got)
	}
}
