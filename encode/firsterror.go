package encode

import "log/slog"

// firstError returns the first error among attrs, also inside groups, or nil.
// Formats that have one place for an error write this one there. Errors in lists
// are not looked at: what is listed has no first.
func firstError(attrs []slog.Attr, depth int) *Error {
	for i := range attrs {
		if i == maxAttrs || depth > maxDepth {
			return nil
		}
		var e *Error
		switch v := attrs[i].Value; v.Kind() {
		case slog.KindGroup:
			e = firstError(v.Group(), depth+1)
		case slog.KindAny:
			e, _ = v.Any().(*Error)
		}
		if e != nil {
			return e
		}
	}
	return nil
}

// isError reports whether v is the error e itself.
func isError(v slog.Value, e *Error) bool {
	if v.Kind() != slog.KindAny {
		return false
	}
	got, ok := v.Any().(*Error)
	return ok && got == e
}
