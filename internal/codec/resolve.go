package codec

import (
	"fmt"
	"log/slog"
	"reflect"
)

// maxResolve is how many LogValuers may lead to each other: slog's own bound.
const maxResolve = 100

// resolve calls LogValue until there is a plain value. slog's Value.Resolve
// does the same, but makes an error with a stack of a panic; a marked string
// says what is wrong and does not look like the program's own error.
func resolve(v slog.Value) slog.Value {
	for range maxResolve {
		if v.Kind() != slog.KindLogValuer {
			return v
		}
		v = logValue(v.LogValuer())
	}
	if v.Kind() == slog.KindLogValuer {
		return slog.StringValue(fmt.Sprintf("!ERROR: %T: LogValue leads to more than %d others", v.LogValuer(), maxResolve))
	}
	return v
}

// logValue calls LogValue once. The two deferred functions run in reverse:
// contain must be the one that is deferred itself, or its recover sees nothing.
func logValue(v slog.LogValuer) (res slog.Value) {
	var text string
	defer func() {
		if text != "" {
			res = slog.StringValue(text)
		}
	}()
	defer contain(v, &text)
	return v.LogValue()
}

// contain, deferred, turns a panic of a method of x into text. A nil pointer
// whose method did not expect that is a nil to the reader of the log, as it is
// to fmt and slog; every other panic is shown.
func contain(x any, text *string) {
	r := recover()
	if r == nil {
		return
	}
	if v := reflect.ValueOf(x); v.Kind() == reflect.Pointer && v.IsNil() {
		*text = nilText
		return
	}
	*text = panicText(r)
}

// Not contained, since no library can: a LogValue that ends its goroutine
// (runtime.Goexit), that recurs until the stack is used up, or that reads a map
// another goroutine writes. The runtime ends the process for the latter two.

const nilText = "<nil>"

// maxPanicText bounds what a panic's value may contribute.
const maxPanicText = 1 << 10

// panicText describes the value of a panic. fmt contains panics of r's own
// methods.
func panicText(r any) string {
	s := fmt.Sprintf("!PANIC: %v", r)
	if len(s) > maxPanicText {
		s = s[:runeEdge(s, maxPanicText)] + cutMark
	}
	return s
}
