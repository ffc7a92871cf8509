package transporttest

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/slogship/slogship/encode"
)

// poisoned is what the suite writes over a batch after Send. It must never
// arrive.
const poisoned = "transporttest-poison"

// poison overwrites all memory that recs points to, but the bytes of strings.
func poison(recs []encode.Record) {
	for i := range recs {
		r := &recs[i]
		poisonAttrs(r.Attrs)
		poisonFrames(r.Stack)
		if r.Resource != nil {
			poisonAttrs(r.Resource.Attrs)
			*r.Resource = encode.Resource{Service: poisoned, Host: poisoned, Instance: poisoned}
		}
		*r = encode.Record{Message: poisoned, Scope: poisoned, Attrs: []slog.Attr{slog.String(poisoned, poisoned)}}
	}
}

// poisonAttrs goes down before it overwrites: afterwards the way is gone.
func poisonAttrs(attrs []slog.Attr) {
	for i := range attrs {
		poisonValue(attrs[i].Value)
		attrs[i] = slog.String(poisoned, poisoned)
	}
}

func poisonValue(v slog.Value) {
	switch v.Kind() {
	case slog.KindGroup:
		poisonAttrs(v.Group())
	case slog.KindAny:
		poisonAny(v.Any())
	}
}

func poisonAny(x any) {
	switch x := x.(type) {
	case []byte:
		poisonBytes(x)
	case encode.JSON:
		poisonBytes(x)
	case *encode.Error:
		poisonError(x)
	case []slog.Value:
		for i := range x {
			poisonValue(x[i])
			x[i] = slog.StringValue(poisoned)
		}
	}
}

// poisonBytes keeps the length: a reader that kept the slice reads all of it.
func poisonBytes(b []byte) {
	n := copy(b, poisoned)
	for i := n; i < len(b); i++ {
		b[i] = '!'
	}
}

// poisonError overwrites the error itself and not only the pointer to it, for it
// is the pointer that a transport would have kept.
func poisonError(e *encode.Error) {
	for i, cause := range e.Causes {
		poisonError(cause)
		e.Causes[i] = &encode.Error{Message: poisoned}
	}
	poisonFrames(e.Frames)
	*e = encode.Error{Type: poisoned, Message: poisoned}
}

func poisonFrames(frames []encode.Frame) {
	for i := range frames {
		frames[i] = encode.Frame{Function: poisoned, File: poisoned}
	}
}

// fingerprint writes down all that recs points to, so that two fingerprints
// are equal only if nothing was changed in between. reflect.DeepEqual does not
// do: it compares only the first attribute of a slog group, and no NaN equals
// itself.
func fingerprint(recs []encode.Record) string {
	var b strings.Builder
	behind := recs[len(recs):cap(recs)]
	fmt.Fprintf(&b, "%d %+v\n", len(recs), behind)
	for i := range recs {
		r := &recs[i]
		fmt.Fprintf(&b, "%v %v %v %d %q %q %+v %+v %+v\n",
			r.ID, r.Time, r.Observed, r.Level, r.Message, r.Scope, r.Source, r.Stack, r.Trace)
		printAttrs(&b, r.Attrs)
		if r.Resource != nil {
			res := *r.Resource
			printAttrs(&b, res.Attrs)
			res.Attrs = nil
			fmt.Fprintf(&b, "%+v\n", res)
		}
	}
	return b.String()
}

// printAttrs also writes what stands behind the end, up to the capacity: that is
// where append in place leaves its traces.
func printAttrs(b *strings.Builder, attrs []slog.Attr) {
	fmt.Fprintf(b, "%d{", len(attrs))
	for _, a := range attrs[:cap(attrs)] {
		fmt.Fprintf(b, "%q=", a.Key)
		printValue(b, a.Value)
	}
	b.WriteByte('}')
}

func printValue(b *strings.Builder, v slog.Value) {
	fmt.Fprintf(b, "%v:", v.Kind())
	switch x := v.Any().(type) {
	case []slog.Attr:
		printAttrs(b, x)
	case []slog.Value:
		for _, e := range x {
			printValue(b, e)
		}
	case *encode.Error:
		printError(b, x)
	default:
		fmt.Fprintf(b, "%T %v;", x, x)
	}
}

func printError(b *strings.Builder, e *encode.Error) {
	fmt.Fprintf(b, "%q %q %+v [", e.Type, e.Message, e.Frames)
	for _, cause := range e.Causes {
		printError(b, cause)
	}
	b.WriteByte(']')
}
