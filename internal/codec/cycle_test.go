package codec

import (
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// Cyclic values: all of these would run for ever, or end the process, if they
// were followed. Some leave no byte, so that bytes alone do not bound them.
func TestCycles(t *testing.T) {
	twice := make([]slog.Attr, 2)
	twice[0] = slog.Attr{Key: "a", Value: slog.GroupValue(twice...)}
	twice[1] = slog.Attr{Key: "b", Value: slog.GroupValue(twice...)}
	inlined := make([]slog.Attr, 3)
	for i := range inlined {
		inlined[i] = slog.Attr{Value: slog.GroupValue(inlined...)}
	}
	list := make([]any, 3)
	list[0], list[1], list[2] = list, &list, 1
	m := map[string]any{}
	m["m"], m["n"] = m, []any{m}
	type node struct{ Next, Other *node }
	n := &node{}
	n.Next, n.Other = n, n
	type inner struct{ M map[string]any }
	withFunc := map[string]any{"f": func() {}}
	withFunc["m"] = withFunc
	for name, attr := range map[string]slog.Attr{
		"group": twice[0], "inlined": {Key: "k", Value: slog.GroupValue(inlined...)}, "list": slog.Any("k", list), "map": slog.Any("k", m),
		"struct": slog.Any("k", n), "struct with map": slog.Any("k", inner{m}), "LogValue": slog.Any("k", selfGroup{}),
		"what neither JSON nor fmt can write": slog.Any("k", withFunc), "marshaler": slog.Any("k", map[string]any{"x": jsoner{"[1]"}, "m": m}),
	} {
		start := time.Now()
		rec := record(t, "m", attr, slog.Int("after", 1))
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		n := len(rec.Attrs)
		marked := truncated(rec.Attrs) > 0 || strings.HasPrefix(rec.Attrs[0].Value.String(), "!ERROR: ")
		if !marked || !strings.Contains(dump(rec.Attrs), `"after"=Int64(1)`) {
			t.Errorf("%s: %d attributes, not marked: %.200s", name, n, dump(rec.Attrs))
		}
	}
}

func TestS9_LargeGraphsAreRefusedCheaply(t *testing.T) { // S9
	big := map[string][]int{}
	for i := range 100 {
		big[fmt.Sprint(i)] = make([]int, 100_000)
	}
	wide := make([]any, 1_000_000)
	for name, v := range map[string]any{"map": big, "slice": wide, "text": map[string]string{"a": strings.Repeat("x", 8*Limit)}} {
		dst := make([]byte, 0, Limit)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		dst = AppendAttr(dst, slog.Any("k", v))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 4*Limit {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
		got := decode(t, dst)
		if truncated(got) == 0 && !strings.HasPrefix(got[0].Value.String(), "!ERROR: ") {
			t.Errorf("%s: not marked", name)
		}
	}
	deep := encode.JSON(strings.Repeat("[", 100) + `"]{\"["` + strings.Repeat("]", 100))
	got := through(t, slog.Any("deep", deep), slog.Any("flat", encode.JSON(`["[[[[\"[[",{}]`)))
	if truncated(got) != 1 || got[0].Value.Kind() != slog.KindString || dumpValue(got[1].Value) != `json(["[[[[\"[[",{}])` {
		t.Errorf("deep JSON: %s", dump(got))
	}
}
