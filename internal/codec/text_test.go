package codec

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// AppendText writes what AppendAttr writes for the same string, at any length
// and fill.
func TestAppendText(t *testing.T) {
	for _, n := range []int{0, 1, 200, smallText + 1, bulkLimit, Limit} {
		for _, fill := range []int{0, bulkLimit - 100, softLimit - 10, softLimit + 1} {
			for _, key := range []string{"", "k", strings.Repeat("k", 200)} {
				dst, text := make([]byte, fill, Limit), strings.Repeat("x", n)
				got := AppendText(slices.Clone(dst), key, []byte(text))
				if want := AppendAttr(dst, slog.String(key, text)); !bytes.Equal(got, want) {
					t.Errorf("%d bytes at %d under a key of %d: %d bytes, want %d", n, fill, len(key), len(got), len(want))
				}
			}
		}
	}
}
