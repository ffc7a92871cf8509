package otlp

import (
	"log/slog"
	"strconv"

	"github.com/slogship/slogship/encode"
)

// Bounds of what is written of an error.
const (
	maxFrames = 128
	maxCauses = 16
)

// firstError returns the first error among attrs, also inside groups, or nil. It
// is the exception; others are attributes with their message.
func firstError(attrs []slog.Attr, depth int) *encode.Error {
	for i := range attrs {
		switch v := attrs[i].Value; v.Kind() {
		case slog.KindAny:
			if e, ok := v.Any().(*encode.Error); ok && e != nil {
				return e
			}
		case slog.KindGroup:
			if depth >= maxDepth {
				continue
			}
			if e := firstError(v.Group(), depth+1); e != nil {
				return e
			}
		}
	}
	return nil
}

// exception appends what the conventions have of e
// (https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/).
func (b *builder) exception(dst []byte, e *encode.Error) []byte {
	dst = appendTextPair(dst, fieldAttributes, attrErrType, valid(e.Type))
	dst = appendTextPair(dst, fieldAttributes, attrErrMessage, valid(e.Message))
	b.names.take(attrErrType)
	b.names.take(attrErrMessage)
	if len(e.Frames) == 0 && len(e.Causes) == 0 {
		return dst
	}
	dst = appendTextPair(dst, fieldAttributes, attrErrStack, valid(string(appendTrail(nil, e, new(int)))))
	b.names.take(attrErrStack)
	return dst
}

// appendTrail appends e's own stack, and each cause with its.
func appendTrail(dst []byte, e *encode.Error, causes *int) []byte {
	dst = appendStack(dst, e.Frames)
	for _, cause := range e.Causes {
		if *causes++; *causes > maxCauses || cause == nil {
			return dst
		}
		if len(dst) > 0 {
			dst = append(dst, '\n')
		}
		dst = append(append(append(append(dst, "caused by "...), cause.Type...), ": "...), cause.Message...)
		if len(cause.Frames) > 0 {
			dst = append(dst, '\n')
		}
		dst = appendTrail(dst, cause, causes)
	}
	return dst
}

// appendStack appends frames as Go prints them, innermost first.
func appendStack(dst []byte, frames []encode.Frame) []byte {
	for i := range frames {
		f := &frames[i]
		if i > 0 {
			dst = append(dst, '\n')
		}
		if i == maxFrames {
			return append(dst, truncated...)
		}
		dst = append(append(dst, f.Function...), "\n\t"...)
		dst = append(append(dst, f.File...), ':')
		dst = strconv.AppendInt(dst, int64(f.Line), 10)
	}
	return dst
}
