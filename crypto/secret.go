package crypto

import (
	"fmt"
	"log/slog"
	"reflect"
)

// MarkSecret is what a [SecretValue] shows of itself.
const MarkSecret = "!SECRET"

// SecretValue is a value that must not be seen. slogship seals it under every
// policy, wherever it stands and whatever the policy says of its key; where
// there is no policy, and everywhere else (fmt, encoding/json, another
// slog.Handler, the log package), it prints as [MarkSecret]. It may be the type
// of a struct's field.
//
// It is not a [slog.LogValuer] on purpose: whoever resolves attributes before
// slogship sees them (a middleware, ReplaceAttr) would put the mark in the place
// of the value, which then could never be opened.
type SecretValue struct {
	// v is behind a function, so that no dump by reflection comes upon it, and the
	// function behind a pointer, so that secrets can be compared without a panic.
	v *func() hidden
}

// hidden is a value and what is done with it.
type hidden struct {
	value slog.Value
	do    Action
}

// Secret wraps a value of any type: slog.Any("iban", crypto.Secret(iban)). The
// value is read when it is logged, not when it is wrapped.
func Secret(v any) SecretValue { return hide(slog.AnyValue(v), Seal) }

// hide wraps a value with what is done with it: tags know more than Seal.
func hide(v slog.Value, do Action) SecretValue {
	f := func() hidden { return hidden{v, do} }
	return SecretValue{&f}
}

// hidden returns what is wrapped.
func (s SecretValue) hidden() hidden {
	if s.v == nil {
		return hidden{value: slog.AnyValue(nil)}
	}
	return (*s.v)()
}

// String returns MarkSecret.
func (s SecretValue) String() string { return MarkSecret }

// Format writes MarkSecret for every verb.
func (s SecretValue) Format(f fmt.State, _ rune) { fmt.Fprint(f, MarkSecret) }

// MarshalText returns MarkSecret. encoding/json calls it, too. (A MarshalJSON of
// its own would make text formats show JSON's quotes.)
func (s SecretValue) MarshalText() ([]byte, error) { return []byte(MarkSecret), nil }

// reveal takes secrets out of their wrapping, in a value that is about to be
// sealed as a whole.
func reveal(v slog.Value) slog.Value {
	var types typeCache
	r := revealer{newExpander(&types), maxNodes}
	return r.revealed(v, 0)
}

// revealer is what is left of one reveal, over all of its value: see [expander].
type revealer struct {
	expander
	nodes int // values that may still be looked at
}

// revealed has a bound on the depth, since a LogValue may return a group with
// itself in it; what is beyond is nil. What is beyond the bound on the number, for
// one that returns itself twice, is a mark.
func (r *revealer) revealed(v slog.Value, depth int) slog.Value {
	if r.nodes--; r.nodes < 0 {
		return slog.StringValue(markTooDeep)
	}
	if depth > maxDepth {
		return slog.AnyValue(nil)
	}
	switch v.Kind() {
	case slog.KindLogValuer:
		return r.revealed(resolve(v), depth+1)
	case slog.KindGroup:
		group := make([]slog.Attr, len(v.Group()))
		for i, a := range v.Group() {
			group[i] = slog.Attr{Key: a.Key, Value: r.revealed(a.Value, depth+1)}
		}
		return slog.GroupValue(group...)
	case slog.KindAny:
		switch x := v.Any().(type) {
		case SecretValue:
			return r.revealed(resolve(x.hidden().value), depth+1)
		case []slog.Value:
			list := make([]slog.Value, len(x))
			for i, e := range x {
				list[i] = r.revealed(e, depth+1)
			}
			return slog.AnyValue(list)
		}
		if e, ok := r.expand(v); ok {
			return r.revealed(e, depth+1)
		}
	}
	return v
}

// maxResolve is how many LogValuers may lead to each other: slog's own bound.
const maxResolve = 100

// resolve calls LogValue until there is a plain value. What goes wrong becomes
// the text that package codec writes for it.
func resolve(v slog.Value) slog.Value {
	for range maxResolve {
		if v.Kind() != slog.KindLogValuer {
			return v
		}
		v = logValue(v.LogValuer())
	}
	return slog.StringValue("!ERROR: LogValue leads to too many others")
}

// logValue calls LogValue once. A panic with a nil pointer is a nil to who reads
// the log, as it is to fmt and slog; others are shown.
func logValue(l slog.LogValuer) (v slog.Value) {
	defer func() {
		switch p := recover(); {
		case p == nil:
		case isNilPointer(l):
			v = slog.StringValue("<nil>")
		default:
			v = slog.StringValue(fmt.Sprintf("!PANIC: %v", p))
		}
	}()
	return l.LogValue()
}

func isNilPointer(x any) bool {
	v := reflect.ValueOf(x)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
