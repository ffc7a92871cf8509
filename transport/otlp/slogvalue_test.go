package otlp_test

import (
	"context"
	"log/slog"
	"reflect"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/slogship/slogship/transport/otlp"
)

// kept is a slog.Handler that keeps its records, and fails if it is told to.
type kept struct {
	records []slog.Record
	err     error
}

func (k *kept) Enabled(context.Context, slog.Level) bool { return true }
func (k *kept) Handle(_ context.Context, r slog.Record) error {
	k.records = append(k.records, r)
	return k.err
}
func (k *kept) WithAttrs([]slog.Attr) slog.Handler { return k }
func (k *kept) WithGroup(string) slog.Handler      { return k }

// TestSlogValues: each kind of attribute that OpenTelemetry has is the kind that
// slog has for it.
func TestSlogValues(t *testing.T) {
	to := &kept{}
	logger := sdklog.NewLoggerProvider(sdklog.WithProcessor(otlp.NewProcessor(to))).Logger("")
	want := map[string]any{
		"bool": true, "int": int64(-1), "float": 0.5, "string": "s", "empty": nil, "bytes": []byte{1, 2},
		"bools": []bool{true, false}, "ints": []int64{1, 2}, "floats": []float64{1.5}, "strings": []string{"a"},
		"slice": []any{int64(1), "x", map[string]any{"k": nil, "deep": map[string]any{"n": int64(2)}}},
	}
	var rec log.Record
	rec.AddAttributes(
		attribute.Bool("bool", true), attribute.Int("int", -1), attribute.Float64("float", 0.5), attribute.String("string", "s"),
		attribute.KeyValue{Key: "empty"}, attribute.ByteSlice("bytes", []byte{1, 2}), attribute.BoolSlice("bools", []bool{true, false}),
		attribute.Int64Slice("ints", []int64{1, 2}), attribute.Float64Slice("floats", []float64{1.5}), attribute.StringSlice("strings", []string{"a"}),
		attribute.Slice("slice", attribute.IntValue(1), attribute.StringValue("x"),
			attribute.MapValue(attribute.KeyValue{Key: "k"}, attribute.Map("deep", attribute.Int("n", 2)))),
		attribute.Map("map", attribute.Int("a", 1), attribute.Map("b", attribute.Bool("c", true))),
	)
	logger.Emit(t.Context(), rec)
	got := map[string]slog.Value{}
	to.records[0].Attrs(func(a slog.Attr) bool { got[a.Key] = a.Value; return true })
	for name, v := range want {
		if !reflect.DeepEqual(got[name].Any(), v) {
			t.Errorf("%s is %#v, want %#v", name, got[name].Any(), v)
		}
	}
	if m := slog.GroupValue(slog.Int("a", 1), slog.Group("b", slog.Bool("c", true))); !got["map"].Equal(m) {
		t.Errorf("map is %v", got["map"])
	}
	if len(got) != len(want)+1 {
		t.Errorf("%d attributes", len(got))
	}
}

// TestProcessorPassesErrorsOn: a handler that does not take a record is not
// silent, and one without Flush has nothing to wait for.
func TestProcessorPassesErrorsOn(t *testing.T) {
	to := &kept{err: errExport}
	p := otlp.NewProcessor(to)
	if err := p.OnEmit(t.Context(), &sdklog.Record{}); err != errExport {
		t.Errorf("OnEmit = %v", err)
	}
	if err := p.ForceFlush(t.Context()); err != nil {
		t.Errorf("ForceFlush = %v", err)
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown = %v", err)
	}
}
