package loki

import (
	"encoding/base64"
	"log/slog"
	"strconv"
	"time"

	"github.com/slogship/slogship/encode"
)

// appendValue appends v, which is no group, as text; beyond limit, a length of
// dst, it is cut and marked. Numbers, times and durations are written as package
// encode does in text: "1.5s" is what LogQL compares durations with.
func appendValue(dst []byte, v slog.Value, limit int) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendClean(dst, v.String(), limit)
	case slog.KindInt64:
		return strconv.AppendInt(dst, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(dst, v.Uint64(), 10)
	case slog.KindFloat64:
		return strconv.AppendFloat(dst, v.Float64(), 'g', -1, 64)
	case slog.KindBool:
		return strconv.AppendBool(dst, v.Bool())
	case slog.KindDuration:
		return append(dst, v.Duration().String()...)
	case slog.KindTime:
		return v.Time().AppendFormat(dst, time.RFC3339Nano)
	}
	switch x := v.Any().(type) {
	case nil:
		return append(dst, "null"...)
	case []byte:
		return appendClean(dst, base64.StdEncoding.EncodeToString(x), limit)
	case encode.JSON:
		return appendClean(dst, x, limit)
	case *encode.Error:
		if x != nil {
			return appendClean(dst, x.Message, limit)
		}
		return append(dst, "null"...)
	default:
		return appendClean(dst, asJSON(v, limit-len(dst)), limit)
	}
}

// nothing leaves out all that a record has besides its attributes.
func nothing() encode.Keys {
	const none = encode.OmitField
	return encode.Keys{
		Time: none, Level: none, Message: none, Source: none, Observed: none, Scope: none, Stack: none,
		TraceID: none, SpanID: none, TraceFlags: none, ID: none, Resource: none,
	}
}

// asJSON returns v, which is a list, as JSON, by way of a record with this one
// attribute: flat formats have no list of their own. A list is rare, so what the
// detour costs does not matter.
func asJSON(v slog.Value, most int) []byte {
	enc := encode.JSONLines{Keys: nothing(), Duration: encode.DurationText, Errors: encode.ErrorMessage, MaxBytes: max(most, 1)}
	object, _ := enc.AppendRecord(nil, &encode.Record{Attrs: []slog.Attr{{Key: "v", Value: v}}}) // never fails
	const before, after = `{"v":`, `}`
	if len(object) < len(before)+len(after) {
		return nil
	}
	return object[len(before) : len(object)-len(after)]
}

// appendStack appends frames as Go prints them, innermost first.
func appendStack(dst []byte, frames []encode.Frame, limit int) []byte {
	for i, f := range frames {
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = appendClean(dst, f.Function, limit)
		dst = append(dst, "\n\t"...)
		dst = appendClean(dst, f.File, limit)
		dst = append(dst, ':')
		dst = strconv.AppendInt(dst, int64(f.Line), 10)
		if len(dst) > limit {
			return dst // too long for the metadata: the line will have it
		}
	}
	return dst
}
