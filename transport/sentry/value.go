package sentry

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
)

// What Sentry cuts by itself, or refuses, in characters.
const (
	maxTag     = 200
	maxDist    = 64
	maxMessage = 8192 // of an exception
	maxDepth   = 16
)

// plain is v as something that json.Marshal writes without an error.
func plain(v slog.Value, depth int) any {
	switch v.Kind() {
	case slog.KindFloat64:
		if f := v.Float64(); math.IsNaN(f) || math.IsInf(f, 0) {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
		return v.Float64()
	case slog.KindDuration:
		return v.Duration().String()
	case slog.KindTime:
		return v.Time().Format(time.RFC3339Nano)
	case slog.KindGroup:
		return plainGroup(v.Group(), depth)
	case slog.KindAny:
		return plainAny(v.Any(), depth)
	default:
		return v.Any() // strings, numbers and booleans
	}
}

func plainGroup(attrs []slog.Attr, depth int) any {
	if depth > maxDepth {
		return "…"
	}
	group := make(map[string]any, len(attrs))
	for _, a := range attrs {
		put(group, a.Key, plain(a.Value, depth+1))
	}
	return group
}

// plainAny handles the closed set of [encode.Record].
func plainAny(x any, depth int) any {
	switch x := x.(type) {
	case nil:
		return nil
	case []byte:
		if utf8.Valid(x) {
			return string(x)
		}
		return base64.StdEncoding.EncodeToString(x)
	case encode.JSON:
		return json.RawMessage(x)
	case *encode.Error:
		return plainError(x, depth)
	case []slog.Value:
		if depth > maxDepth {
			return "…"
		}
		list := make([]any, len(x))
		for i, v := range x {
			list[i] = plain(v, depth+1)
		}
		return list
	default:
		return fmt.Sprintf("%T", x) // not of the set, so of nobody who knows it
	}
}

// plainError is for errors other than the one that became the exception.
func plainError(e *encode.Error, depth int) any {
	if e == nil {
		return nil
	}
	if depth > maxDepth {
		return "…"
	}
	out := map[string]any{"type": e.Type, "message": e.Message}
	if len(e.Causes) > 0 {
		causes := make([]any, len(e.Causes))
		for i, cause := range e.Causes {
			causes[i] = plainError(cause, depth+1)
		}
		out["causes"] = causes
	}
	return out
}

// text is v as a tag or a name has it.
func text(v slog.Value) string {
	switch x := plain(v, 0).(type) {
	case string:
		return x
	case map[string]any, []any:
		b, err := json.Marshal(x)
		if err != nil {
			return fmt.Sprint(x)
		}
		return string(b)
	case json.RawMessage:
		return string(x)
	default:
		return fmt.Sprint(x)
	}
}

// put keeps a second value of the same name as well.
func put(into map[string]any, key string, value any) {
	name := key
	for n := 2; ; n++ {
		if _, taken := into[name]; !taken {
			into[name] = value
			return
		}
		name = key + "_" + strconv.Itoa(n)
	}
}

// setTag applies the rules for tags
// (https://develop.sentry.dev/sdk/data-model/event-payloads/): 200 characters,
// no line break, no empty value.
func setTag(tags map[string]string, name, value string) {
	value = cut(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, value), maxTag)
	if value != "" {
		tags[cut(name, maxTag)] = value
	}
}

// cut shortens s to n characters, the last of which then says so.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count := 0
	keep := 0 // where the last character that stays begins
	for i := range s {
		if count == n-1 {
			keep = i
		}
		if count++; count > n {
			return s[:keep] + "…"
		}
	}
	return s
}
