package encode

import (
	"log/slog"
	"slices"
	"time"
)

// Record is one log record on its way out.
//
// A Record and all it points to (strings, Attrs, Stack, Resource) are valid
// only until the Send or AppendRecord that got it returns: the delivery worker
// decodes the next batch into the same memory. Use [Record.Clone] to keep one.
//
// Attrs are resolved: no [slog.LogValuer] is left in them, and groups are
// nested values of kind [slog.KindGroup], never empty. A value of kind
// [slog.KindAny] holds one of a closed set, which every encoder handles:
//
//   - nil: the value was nil
//   - []byte
//   - [JSON]: text that is valid JSON, from a json.Marshaler or by reflection
//   - *[Error]: an error with its type, causes and frames
//   - []slog.Value: a list, its elements again of the kinds named here
type Record struct {
	ID       ID          // the same on every attempt and after a restart
	Time     time.Time   // when it was logged; zero if the caller set none
	Observed time.Time   // when slogship took it
	Level    slog.Level  //
	Message  string      //
	Attrs    []slog.Attr // resolved; groups are nested group values
	Scope    string      // logger name, if any
	Source   slog.Source // zero if not recorded
	Stack    []Frame     // innermost call first; nil if not recorded
	Trace    Trace       // zero if none
	Resource *Resource   // who logged it; never nil in a Send
}

// Clone returns a copy of r that shares no memory with it, not even strings.
func (r *Record) Clone() Record {
	c := *r
	c.Message = cloneString(r.Message)
	c.Scope = cloneString(r.Scope)
	c.Source.Function = cloneString(r.Source.Function)
	c.Source.File = cloneString(r.Source.File)
	c.Attrs = cloneAttrs(r.Attrs)
	c.Stack = cloneFrames(r.Stack)
	if r.Resource != nil {
		c.Resource = r.Resource.Clone()
	}
	return c
}

func cloneAttrs(attrs []slog.Attr) []slog.Attr {
	c := slices.Clone(attrs)
	for i, a := range c {
		c[i] = slog.Attr{Key: cloneString(a.Key), Value: cloneValue(a.Value)}
	}
	return c
}

func cloneValue(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(cloneString(v.String()))
	case slog.KindGroup:
		return slog.GroupValue(cloneAttrs(v.Group())...)
	case slog.KindAny:
		return slog.AnyValue(cloneAny(v.Any()))
	default:
		return v // numbers, booleans, times and durations hold no shared memory
	}
}

func cloneAny(x any) any {
	switch x := x.(type) {
	case []byte:
		return slices.Clone(x)
	case JSON:
		return slices.Clone(x)
	case *Error:
		return x.Clone()
	case []slog.Value:
		c := slices.Clone(x)
		for i, v := range c {
			c[i] = cloneValue(v)
		}
		return c
	default:
		return x
	}
}
