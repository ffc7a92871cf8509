package handler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/slogship/slogship/route"
)

// crashName is the file that the runtime writes its last words into.
const (
	crashName = "crash.txt"
	maxCrash  = 256 << 10
)

// crashReports ships what the last process left and asks the runtime to leave
// the same of this one.
func (h *Handler) crashReports() error {
	if !h.core.opts.CrashReports {
		return nil
	}
	name := filepath.Join(h.core.opts.Dir, crashName)
	if err := h.shipCrash(name); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("handler: crash reports: %w", err)
	}
	defer f.Close() // the runtime keeps a descriptor of its own
	if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
		return fmt.Errorf("handler: crash reports: %w", err)
	}
	h.core.release = func() {
		// After Close a crash goes to stderr alone, as without us. Failing here
		// leaves an empty file, which the next start removes.
		_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
		_ = os.Remove(name)
	}
	return nil
}

// shipCrash logs the report of an earlier process, if there is one, and
// removes it once it is in the buffers.
func (h *Handler) shipCrash(name string) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("handler: crash report: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxCrash))
	if err != nil {
		return fmt.Errorf("handler: crash report: %w", err)
	}
	if len(text) > 0 {
		r := slog.NewRecord(crashTime(f), route.LevelFatal, "process crashed", 0)
		r.AddAttrs(slog.String("crash", string(text)))
		if err := h.ship(context.Background(), &r, nil); err != nil {
			return err
		}
	}
	return os.Remove(name)
}

// crashTime is when the report was written.
func crashTime(f *os.File) time.Time {
	if info, err := f.Stat(); err == nil {
		return info.ModTime()
	}
	return time.Now()
}
