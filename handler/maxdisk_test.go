package handler_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// TestMaxDiskBoundsEverything: the buffer of a route that is away, another's
// dead letters, a quarantined file and the directory of a route that no longer
// exists stay below MaxDisk together, but for a segment.
func TestMaxDiskBoundsEverything(t *testing.T) {
	const maxDisk = 4 << 20
	dir := t.TempDir()
	options := func() *handler.Options {
		return &handler.Options{Dir: dir, MaxDisk: maxDisk, MinFree: -1, OnError: func(error) {}}
	}
	pad := slog.String("pad", strings.Repeat("x", 1000))
	away, sink := memory.New(), memory.New()
	away.Fail(errors.New("away"))
	old, err := handler.New([]route.Route{{Name: "gone", To: away}}, options())
	if err != nil {
		t.Fatal(err)
	}
	for range 700 {
		slog.New(old).Info("m", pad)
	}
	if err := old.Close(t.Context()); err == nil {
		t.Fatal("nothing is left behind: this shows nothing")
	}
	rubbish(t, filepath.Join(dir, "away"), 256<<10)
	h, err := handler.New([]route.Route{
		{Name: "away", To: away, Levels: route.Only(slog.LevelInfo)},
		{Name: "refuses", To: refusing{sink, "poison"}, Levels: route.Only(slog.LevelError)},
	}, options())
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(h)
	most := int64(0)
	for range 100 {
		for range 100 {
			logger.Info("m", pad)
		}
		for range 3 {
			logger.Error("fine", pad)
			logger.Error("poison", pad)
		}
		most = max(most, usage(t, dir))
	}
	// Until the first file of dead letters has had to go. Each is synced.
	for deadline := time.Now().Add(2 * time.Minute); h.Stats().Routes[1].DeadRemoved == 0; most = max(most, usage(t, dir)) {
		if time.Now().After(deadline) {
			t.Fatalf("no dead letter was removed: %+v", h.Stats().Routes[1])
		}
		if h.Stats().Routes[1].Buffered < 50 {
			logger.Error("fine", pad)
			logger.Error("poison", pad)
		}
	}
	if err := h.Close(t.Context()); err == nil {
		t.Error("everything was delivered: this shows nothing")
	}
	dead, err := filepath.Glob(filepath.Join(dir, "refuses", "dead.ndjson*"))
	if s := h.Stats(); err != nil || len(dead) < 2 || s.Routes[0].Dropped.Total() == 0 || s.Routes[0].Quarantined != 1 || len(s.Unclaimed) != 1 {
		t.Errorf("%d files of dead letters, %v: %+v", len(dead), err, s)
	}
	kept := uint64(0)
	for _, name := range dead {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		kept += uint64(strings.Count(string(text), "\n"))
	}
	if s := h.Stats().Routes[1]; s.DeadRemoved == 0 || kept+s.DeadRemoved != s.Dead {
		t.Errorf("%d dead letters, %d of them are there and %d were removed", s.Dead, kept, s.DeadRemoved)
	}
	const segment, cursors = maxDisk / 8, 64 << 10
	if most > maxDisk+segment+cursors || most < maxDisk/2 {
		t.Errorf("%d bytes on disk of %d", most, maxDisk)
	}
	t.Logf("at most %d bytes of %d on disk", most, maxDisk)
}

// rubbish puts a file into a route's directory that has a segment's name.
func rubbish(t *testing.T, dir string, size int) {
	t.Helper()
	name := filepath.Join(dir, "0000000000000001-00000001.seg")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(name, make([]byte, size), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// usage is what Usage says, which this checks as well, of all in dir.
func usage(t *testing.T, dir string) int64 {
	t.Helper()
	n, ours := buffer.Usage(vfs.OS{}, dir)
	if ours {
		t.Error("the handler's own directory counts as a route's")
	}
	return n
}

// What a volume has of its own is not a route that no longer exists.
func TestUnclaimedDirectories(t *testing.T) {
	dir := t.TempDir()
	old, err := handler.New([]route.Route{{Name: "gone", To: memory.New()}}, &handler.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(old.Close(t.Context()), os.Mkdir(filepath.Join(dir, "lost+found"), fs.ModePerm)); err != nil {
		t.Fatal(err)
	}
	h, _ := open(t, false, &handler.Options{Dir: dir})
	if u := h.Stats().Unclaimed; len(u) != 1 || u[0] != "gone" {
		t.Errorf("unclaimed: %v", u)
	}
}
