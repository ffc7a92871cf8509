package memory

import (
	"log/slog"

	"github.com/slogship/slogship/encode"
)

// Attr returns the value of an attribute: the key, after the names of the
// groups that it is in. If the record has it several times, the last one
// counts. If it has none, the zero [slog.Value] is returned, whose Any is nil.
func Attr(rec encode.Record, path ...string) slog.Value {
	if len(path) == 0 {
		return slog.Value{}
	}
	return find(rec.Attrs, path)
}

// find looks into every group of the name, not into the last one only: two
// WithGroup calls of one name make two groups.
func find(attrs []slog.Attr, path []string) (found slog.Value) {
	for _, a := range attrs {
		if a.Key != path[0] {
			continue
		}
		if len(path) == 1 {
			found = a.Value
		} else if a.Value.Kind() == slog.KindGroup {
			if v := find(a.Value.Group(), path[1:]); !v.Equal(slog.Value{}) {
				found = v
			}
		}
	}
	return found
}
