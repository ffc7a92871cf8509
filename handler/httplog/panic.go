package httplog

import (
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/slogship/slogship/handler"
)

// panicError is what a handler passed to panic. Its stack reaches destinations
// in the way that their format has for errors.
type panicError struct {
	value any
	pcs   []uintptr
}

func (e *panicError) Error() string {
	if err, ok := e.value.(error); ok {
		return "panic: " + err.Error()
	}
	return fmt.Sprintf("panic: %v", e.value)
}

// Unwrap is the value itself, if it was an error.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// StackTrace is the convention of github.com/pkg/errors, which package encode
// follows.
func (e *panicError) StackTrace() []uintptr { return e.pcs }

// maxStack bounds the stack's text, in bytes.
const maxStack = 32 << 10

// logPanic runs in the deferred call, so the stack still has what panicked.
func (x *exchange) logPanic() {
	defer func() { _ = recover() }() // a logger's panic takes no answer away
	pcs := panicStack()
	err := &panicError{value: x.panicked, pcs: pcs}
	pc := uintptr(0)
	if len(pcs) > 0 {
		pc = pcs[0]
	}
	attrs := []slog.Attr{slog.Any("error", err), slog.String(keyMethod, x.method()), slog.String(keyPath, cut(x.r.URL.Path, maxPath))}
	if _, ours := x.o.logger().Handler().(*handler.Handler); !ours {
		attrs = append(attrs, slog.String(keyStack, cut(string(debug.Stack()), maxStack)))
	}
	x.log(slog.LevelError, cut(err.Error(), maxPath), pc, attrs...)
}

// panicStack returns the PCs of the panic under way, from where it was raised.
func panicStack() []uintptr {
	pcs := make([]uintptr, 64)
	pcs = pcs[:runtime.Callers(2, pcs)]
	raised := false
	for i, pc := range pcs {
		f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		switch {
		case f.Function == "runtime.gopanic":
			raised = true
		case raised && !strings.HasPrefix(f.Function, "runtime."):
			return pcs[i:] // below are panicmem, sigpanic and their like
		}
	}
	return nil
}
