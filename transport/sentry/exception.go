package sentry

import (
	"runtime"
	"slices"
	"strconv"
	"strings"

	sdk "github.com/getsentry/sentry-go"

	"github.com/slogship/slogship/encode"
)

// maxExceptions is below what Sentry shows of a chain.
const maxExceptions = 32

// setExceptions makes err and its causes the event's exceptions, and gives stack
// to the outermost one unless the error brought its own. Without an error the
// stack is that of the goroutine that logged. Sentry wants causes first and the
// innermost call last, which is the other way round for both.
func setExceptions(e *sdk.Event, err *encode.Error, stack []encode.Frame, crashed bool) {
	trace := stacktrace(stack)
	if err == nil {
		if trace != nil {
			e.Threads = []sdk.Thread{{ID: "0", Stacktrace: trace, Current: true, Crashed: crashed}}
		}
		return
	}
	e.Exception = appendExceptions(nil, err, nil, "")
	outer := &e.Exception[0]
	if generic(outer.Type) {
		outer.Type = cut(e.Message, maxTag)
	}
	if outer.Stacktrace == nil {
		outer.Stacktrace = trace
	}
	if crashed {
		outer.Mechanism.Handled = new(bool)
	}
	slices.Reverse(e.Exception)
}

// appendExceptions appends err and, behind it, its causes. IDs count in that
// order.
func appendExceptions(dst []sdk.Exception, err *encode.Error, parent *int, source string) []sdk.Exception {
	if err == nil || len(dst) == maxExceptions {
		return dst
	}
	id := len(dst)
	kind := "chained"
	if parent == nil {
		kind = "generic"
	}
	group := len(err.Causes) > 1
	dst = append(dst, sdk.Exception{
		Type: err.Type, Value: cut(err.Message, maxMessage), Stacktrace: stacktrace(err.Frames),
		Mechanism: &sdk.Mechanism{Type: kind, ExceptionID: id, ParentID: parent, Source: source, IsExceptionGroup: group},
	})
	for i, cause := range err.Causes {
		from := "__cause__"
		if group {
			from = "errors[" + strconv.Itoa(i) + "]"
		}
		dst = appendExceptions(dst, cause, &id, from)
	}
	return dst
}

// generic reports whether a type says nothing of what went wrong. An issue titled
// "*errors.errorString" is every issue, so the message of the record, which says
// what was tried, takes its place. The list is short on purpose: a type of the service's own,
// however plain, was named by somebody, and stays.
func generic(name string) bool {
	switch name {
	case "", "*errors.errorString", "*fmt.wrapError", "*fmt.wrapErrors", "*errors.joinError",
		"*errors.fundamental", "*errors.withStack", "*errors.withMessage", panicType:
		return true
	}
	return false
}

// stacktrace is nil for no frames.
func stacktrace(frames []encode.Frame) *sdk.Stacktrace {
	if len(frames) == 0 {
		return nil
	}
	st := &sdk.Stacktrace{Frames: make([]sdk.Frame, 0, len(frames))}
	for _, f := range slices.Backward(frames) {
		frame := sdk.NewFrame(runtime.Frame{Function: f.Function, File: f.File, Line: f.Line})
		// Of the standard library, with -trimpath and of another machine's build.
		if first, _, _ := strings.Cut(frame.Module, "/"); frame.Module != "main" && !strings.Contains(first, ".") {
			frame.InApp = false
		}
		st.Frames = append(st.Frames, frame)
	}
	return st
}

// trimPanic returns what of a stack is below a panic, and the first function of it
// that is not the runtime's: what panicked. Above it are the deferred calls that
// logged. "" and the same stack: there is no panic in it.
func trimPanic(stack []encode.Frame) (rest []encode.Frame, panicked string) {
	at := -1
	for i, f := range stack {
		if f.Function == "runtime.gopanic" {
			at = i
		}
	}
	if at < 0 {
		return stack, ""
	}
	for i := at + 1; i < len(stack); i++ {
		if !strings.HasPrefix(stack[i].Function, "runtime.") {
			return stack[i:], stack[i].Function
		}
	}
	return stack, ""
}
