package otlp

import (
	"log/slog"
	"math"
	"reflect"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"

	"github.com/slogship/slogship/encode"
)

// sdkRecord is rec in the SDK's type, with the names of the sender's requests:
// a test sends the same records both ways and compares what arrives. To write one
// walk for both was rejected: the SDK's values are a tree that has to be made, and
// not making one is what the builder is for.
func sdkRecord(rec *encode.Record) (r log.Record) {
	r.SetTimestamp(rec.Time)
	r.SetObservedTimestamp(rec.Observed)
	r.SetSeverity(log.Severity(severity(rec.Level)))
	r.SetSeverityText(severityText(rec.Level))
	r.SetBody(attribute.StringValue(valid(rec.Message)))
	if !rec.ID.IsZero() {
		r.AddAttributes(attribute.String(attrUID, rec.ID.String()))
	}
	if s := &rec.Source; s.File != "" || s.Function != "" {
		r.AddAttributes(attribute.String(attrFunction, valid(s.Function)), attribute.String(attrFile, valid(s.File)), attribute.Int(attrLine, s.Line))
	}
	if len(rec.Stack) > 0 {
		r.AddAttributes(attribute.String(attrStack, valid(string(appendStack(nil, rec.Stack)))))
	}
	if e := firstError(rec.Attrs, 1); e != nil {
		r.AddAttributes(attribute.String(attrErrType, valid(e.Type)), attribute.String(attrErrMessage, valid(e.Message)))
		if trail := appendTrail(nil, e, new(int)); len(trail) > 0 {
			r.AddAttributes(attribute.String(attrErrStack, valid(string(trail))))
		}
	}
	r.AddAttributes(attributesOf(rec.Attrs, 1)...)
	return r
}

// attributesOf leaves a name that is there twice to the provider, which was told to
// let it pass: to number it, as the builder does, would mean a second list of
// names for a path that nobody takes for its speed.
func attributesOf(attrs []slog.Attr, depth int) []attribute.KeyValue {
	all := make([]attribute.KeyValue, len(attrs))
	for i, a := range attrs {
		all[i] = attribute.KeyValue{Key: attribute.Key(valid(a.Key)), Value: attributeOf(a.Value, depth)}
	}
	return all
}

// attributeOf is builder.value in the SDK's type. What has parts is bounded in depth
// as there; the SDK has a bound of its own besides.
func attributeOf(v slog.Value, depth int) attribute.Value {
	switch v.Kind() {
	case slog.KindString:
		return attribute.StringValue(valid(v.String()))
	case slog.KindInt64:
		return attribute.Int64Value(v.Int64())
	case slog.KindUint64:
		if n := v.Uint64(); n > math.MaxInt64 {
			return attribute.StringValue(strconv.FormatUint(n, 10))
		}
		return attribute.Int64Value(int64(v.Uint64()))
	case slog.KindFloat64:
		return attribute.Float64Value(v.Float64())
	case slog.KindBool:
		return attribute.BoolValue(v.Bool())
	case slog.KindDuration:
		return attribute.Int64Value(int64(v.Duration()))
	case slog.KindTime:
		return attribute.StringValue(v.Time().Format(time.RFC3339Nano))
	case slog.KindGroup:
		if depth >= maxDepth {
			return attribute.StringValue(truncated)
		}
		return attribute.MapValue(attributesOf(v.Group(), depth+1)...)
	}
	return attributeOfAny(v.Any(), depth)
}

// attributeOfAny is builder.any in the SDK's type. The zero Value is nil.
func attributeOfAny(x any, depth int) attribute.Value {
	switch x := x.(type) {
	case []byte:
		return attribute.ByteSliceValue(x)
	case encode.JSON:
		return attributeOf(jsonValue(x, depth), depth)
	case *encode.Error:
		if x != nil {
			return attribute.StringValue(valid(x.Message))
		}
	case []slog.Value:
		if depth >= maxDepth {
			return attribute.StringValue(truncated)
		}
		list := make([]attribute.Value, len(x))
		for i, v := range x {
			list[i] = attributeOf(v, depth+1)
		}
		return attribute.SliceValue(list...)
	}
	return attribute.Value{}
}

// resourceAttributes are what appendResource writes, but for a service.name that is
// missing: the SDK's resource.Default has none for another process either.
func resourceAttributes(r *encode.Resource) []attribute.KeyValue {
	var all []attribute.KeyValue
	for _, f := range resourceFields(r) {
		if f.value != "" {
			all = append(all, attribute.String(f.key, valid(f.value)))
		}
	}
	if r.PID != 0 {
		all = append(all, attribute.Int("process.pid", r.PID))
	}
	return append(all, attributesOf(r.Attrs, 1)...)
}

// sameResource reports whether a provider made for a serves b as well. The worker
// decodes each batch into the same memory, so that equal pointers mean nothing
// from one Send to the next: the contents are compared, once for each.
func sameResource(a, b *encode.Resource) bool { return reflect.DeepEqual(a, b) }
