package attrpath_test

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/slogship/slogship/internal/attrpath"
)

func TestFind(t *testing.T) {
	attrs := []slog.Attr{
		slog.Group("a", slog.Int("c", 1)),
		slog.Any("odd", errors.New("no plain value")),
		slog.Group("a", slog.Int("b", 2), slog.Int("b", 3), slog.Group("x.y", slog.Int("z", 4))),
		slog.String("http.method", "GET"),
		slog.Int("a.b", 5),
		slog.Int("ab", 6),
		slog.Bool("odd", true),
	}
	for path, want := range map[string]string{
		"a.b": "2", "a.c": "1", "a.x.y.z": "4", "http.method": "GET", "ab": "6", "odd": "true",
	} {
		if v, ok := attrpath.Find(attrs, path); !ok || v.String() != want {
			t.Errorf("%s: %v, %v; want %s", path, v, ok, want)
		}
	}
	for _, path := range []string{"", "a", "b", "a.", "a.x", "a.x.y", "a.bc", "http", "http.method.x", ".a"} {
		if v, ok := attrpath.Find(attrs, path); ok {
			t.Errorf("%q: %v is found", path, v)
		}
	}
	if n := testing.AllocsPerRun(100, func() { attrpath.Find(attrs, "a.x.y.z") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
