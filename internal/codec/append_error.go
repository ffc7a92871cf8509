package codec

import (
	"reflect"
	"runtime"

	"github.com/slogship/slogship/encode"
)

// The shapes in which errors carry more than a message. Only shapes of plain
// Go types are known: others would need their library's types.
type (
	unwrapper  interface{ Unwrap() error }
	unwrappers interface{ Unwrap() []error }
	callers    interface{ Callers() []uintptr }
	stacker    interface{ StackTrace() []uintptr }
)

// isPlain reports whether err has neither causes nor a stack. It is one type
// switch because the runtime caches the whole switch by err's type, where four
// assertions would be four look-ups.
func isPlain(err error) bool {
	switch err.(type) {
	case unwrapper, unwrappers, callers, stacker:
		return false
	}
	return true
}

// appendPlainError is the fast path for a plain error, which any fill below
// bulkLimit has room for if its message is small.
func appendPlainError(dst []byte, key string, err error) []byte {
	typ, msg := reflect.TypeOf(err).String(), errorText(err)
	dst = appendHead(dst, kindError, key)
	if len(typ) >= 0x80 || len(msg) > smallText {
		var b builder
		return b.finish(append(b.text(b.name(dst, typ), msg), 0, 0))
	}
	return append(appendString(appendString(dst, typ), msg), 0, 0)
}

// error appends an error:
//
//	+---------+---------+--------+--------+--------+--------------------+
//	| type    | message | frames | frame… | causes | each cause, alike… |
//	+---------+---------+--------+--------+--------+--------------------+
//
// The numbers of frames and causes take one byte each.
func (b *builder) error(dst []byte, at place, err error) []byte {
	b.causes = 0
	return b.errorBody(b.head(dst, at, kindError), err, 0)
}

// errorBody appends one error and its causes. Their number is written in place
// as they come: a limit may end them.
func (b *builder) errorBody(dst []byte, err error, depth int) []byte {
	dst = b.name(dst, reflect.TypeOf(err).String())
	dst = b.text(dst, errorText(err))
	if isPlain(err) {
		return append(dst, 0, 0) // as the innermost error of a chain usually is
	}
	dst = b.callFrames(dst, errorCallers(err))
	count := len(dst)
	dst = append(dst, 0)
	var one [1]error // the room for a single cause
	for _, cause := range errorCauses(err, &one) {
		if cause == nil {
			continue // the innermost of a chain, or a gap in a list
		}
		if b.beginCause(dst, depth) {
			dst[count]++
			dst = b.errorBody(dst, cause, depth+1)
		}
	}
	return dst
}

// beginCause bounds causes in number and depth, and so ends cycles of errors
// that unwrap to each other.
func (b *builder) beginCause(dst []byte, depth int) bool {
	if depth >= maxCauseDepth || b.causes >= maxCauses || full(dst) {
		b.cut++
		return false
	}
	b.causes++
	return true
}

// givenError appends an error that is in its final form already.
func (b *builder) givenError(dst []byte, at place, e *encode.Error) []byte {
	b.causes = 0
	return b.givenBody(b.head(dst, at, kindError), e, 0)
}

// givenBody is errorBody for an error in its final form. The two are not one
// over an interface: its methods for both sides would be longer than this.
func (b *builder) givenBody(dst []byte, e *encode.Error, depth int) []byte {
	dst = b.name(dst, e.Type)
	dst = b.text(dst, e.Message)
	dst = b.frames(dst, e.Frames)
	count := len(dst)
	dst = append(dst, 0)
	for _, cause := range e.Causes {
		if cause != nil && b.beginCause(dst, depth) {
			dst[count]++
			dst = b.givenBody(dst, cause, depth+1)
		}
	}
	return dst
}

// errorText returns what err says, or what befell it: an error stays an error
// with a type even if its own method fails.
func errorText(err error) (s string) {
	defer contain(err, &s)
	return err.Error()
}

// errorCauses returns what err wraps; a single cause in one, which spares the
// commonest kind of error an allocation. One that panics when asked has none.
func errorCauses(err error, one *[1]error) (causes []error) {
	defer func() { _ = recover() }()
	switch x := err.(type) {
	case unwrapper:
		one[0] = x.Unwrap()
		return one[:]
	case unwrappers:
		return x.Unwrap()
	}
	return nil
}

// errorCallers returns the return addresses that err has kept.
func errorCallers(err error) (pcs []uintptr) {
	defer func() { _ = recover() }()
	switch x := err.(type) {
	case callers:
		return x.Callers()
	case stacker:
		return x.StackTrace()
	}
	return nil
}

// callFrames appends the frames of return addresses as runtime.Callers gives
// them. One address may stand for several inlined calls.
func (b *builder) callFrames(dst []byte, pcs []uintptr) []byte {
	if len(pcs) == 0 {
		return append(dst, 0)
	}
	frames := make([]encode.Frame, 0, min(len(pcs), maxFrames))
	for next, more := runtime.CallersFrames(pcs), true; more && len(frames) <= maxFrames; {
		var f runtime.Frame
		if f, more = next.Next(); f.PC != 0 {
			frames = append(frames, encode.Frame{Function: f.Function, File: f.File, Line: f.Line})
		}
	}
	return b.frames(dst, frames)
}

// frames appends the number of frames, in one byte, and the frames.
func (b *builder) frames(dst []byte, frames []encode.Frame) []byte {
	count := len(dst)
	dst = append(dst, 0)
	for i, f := range frames {
		if i == maxFrames || full(dst) {
			b.cut++ // once: how deep the stack really was is of no use
			break
		}
		dst[count]++
		dst = b.name(dst, f.Function)
		dst = b.name(dst, f.File)
		dst = appendUvarint(dst, uint64(f.Line))
	}
	return dst
}
