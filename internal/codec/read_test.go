package codec

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/slogship/slogship/encode"
)

// Every primitive passes a failure on, and reads nothing past the end.
func TestPrimitivesOfReadingPassFailureOn(t *testing.T) {
	primitives := map[string]func(p string, i int) int{
		"uvarint": func(p string, i int) int { _, i = readUvarint(p, i); return i },
		"varint":  func(p string, i int) int { _, i = readVarint(p, i); return i },
		"string":  func(p string, i int) int { _, i = readString(p, i); return i },
		"uint64":  func(p string, i int) int { _, i = readUint64(p, i); return i },
		"uint32":  func(p string, i int) int { _, i = readUint32(p, i); return i },
		"byte":    func(p string, i int) int { _, i = readByte(p, i); return i },
		"skip":    func(p string, i int) int { return skip(p, i, 1) },
		"trace":   func(p string, i int) int { _, i = readTrace(p, i); return i },
		"pad":     skipPad,
		"error":   skipError,
		"time":    skipTime,
	}
	for name, read := range primitives {
		if i := read("\x01\x01\x01\x01\x01\x01\x01\x01\x01", -1); i != -1 {
			t.Errorf("%s: after a failure: %d", name, i)
		}
		if i := read("", 0); i != -1 {
			t.Errorf("%s: of nothing: %d", name, i)
		}
		if i := read("\x01", 1); i != -1 {
			t.Errorf("%s: at the end: %d", name, i)
		}
	}
}

func TestStrings(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 129, 16383, 16384} {
		want := strings.Repeat("x", n)
		p := string(appendString(nil, want))
		if got, i := readString(p, 0); got != want || i != len(p) {
			t.Errorf("length %d reads as %d, to %d of %d", n, len(got), i, len(p))
		}
		if _, i := readString(p[:len(p)-1], 0); i != -1 {
			t.Errorf("length %d without its end was read", n)
		}
	}
}

// Records are encoded on many goroutines at once, from the same values and
// prefix; nothing in the package is shared. Made for the race detector.
func TestConcurrentEncoding(t *testing.T) {
	prefix := AppendGroup(AppendAttr(nil, slog.Int("a", 1)), "g")
	attrs := append(benchAttrs(), slog.Any("list", []any{1, errRefused}), slog.Any("map", map[string]int{"a": 1}), slog.Any("v", valuer{slog.IntValue(1)}))
	payload := func() string {
		p := AppendEncoded(AppendHeader(nil, benchHeader()), prefix)
		for _, a := range attrs {
			p = AppendAttr(p, a)
		}
		return string(p)
	}
	want := payload()
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	for range cap(errs) {
		wg.Go(func() {
			var d Decoder
			for range 200 {
				if got := payload(); got != want {
					errs <- fmt.Errorf("got %x, want %x", got, want)
					return
				}
				if err := d.Decode(want, new(encode.Record)); err != nil {
					errs <- err
					return
				}
				d.Reset()
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}
