package handler_test

import (
	"errors"
	"log/slog"
	"syscall"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/transport/memory"
	"golang.org/x/sys/unix"
)

// TestReadOnlyVolume is T18 where a service is started on a volume that is
// read-only: New says so, touches nothing, and the backlog is delivered when the
// volume may be written again.
func TestReadOnlyVolume(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, "size=16m")
	remount := func(flags uintptr) {
		if err := unix.Mount("", dir, "", unix.MS_REMOUNT|flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	away, sink := memory.New(), memory.New()
	away.Fail(errors.New("away"))
	h, err := handler.New(killRoutes(away), killOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	for n := range uint64(1000) {
		slog.New(h).Info(nameOf(n), padOf(n))
	}
	var left *handler.UndeliveredError
	if err := h.Close(t.Context()); !errors.As(err, &left) || left.Routes[0].Records != 1000 {
		t.Fatal(err)
	}
	remount(unix.MS_RDONLY)
	var at *handler.RouteError
	if _, err := handler.New(killRoutes(sink), killOptions(dir)); !errors.As(err, &at) || !errors.Is(err, syscall.EROFS) {
		t.Errorf("New on a read-only volume: %v", err)
	}
	remount(0)
	if h, err = handler.New(killRoutes(sink), killOptions(dir)); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
	sum(t, h)
	inOrder(t, sink, 1000)
}
