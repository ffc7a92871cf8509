package crypto

import (
	"encoding/json"
	"log/slog"

	"github.com/slogship/slogship/encode"
)

// hiddenError is an error in whose text something was hidden. It has no causes:
// their texts would say it.
type hiddenError string

func (e hiddenError) Error() string { return string(e) }

// outward returns v, which a policy has made of the value was, in types that any
// slog.Handler prints well. The closed set is slogship's own: encoding/json makes
// base64 of an [encode.JSON] and empty objects of a []slog.Value. Who came with a
// value of the closed set knows it, and gets one back.
func outward(was, v slog.Value) slog.Value {
	switch was.Any().(type) {
	case encode.JSON, *encode.Error, []slog.Value:
		return v
	}
	if v.Kind() != slog.KindAny {
		return v
	}
	return slog.AnyValue(outwardAny(v.Any()))
}

func outwardAny(x any) any {
	switch x := x.(type) {
	case encode.JSON:
		return json.RawMessage(x)
	case *encode.Error:
		return hiddenError(x.Message)
	case []slog.Value:
		list := make([]any, len(x))
		for i, e := range x {
			list[i] = element(e)
		}
		return list
	}
	return x
}

// element returns a list's element. A group within a list has no form that other
// handlers know, but for a map.
func element(v slog.Value) any {
	if v.Kind() != slog.KindGroup {
		return outwardAny(v.Any())
	}
	group := map[string]any{}
	for _, a := range v.Group() {
		group[a.Key] = element(a.Value)
	}
	return group
}
