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

const (
	crashName = "crash.txt" // where the runtime writes its last words
	maxCrash  = 256 << 10   // what of them is shipped
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
	// With Direct routes alone nobody else has made it.
	if err := h.core.fsys.MkdirAll(h.core.opts.Dir); err != nil {
		return fmt.Errorf("handler: crash reports: %w", err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("handler: crash reports: %w", err)
	}
	defer f.Close() // the runtime keeps a descriptor of its own
	if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
		return fmt.Errorf("handler: crash reports: %w", err)
	}
	ours, err := f.Stat()
	h.core.release = func() {
		// After Close a crash goes to stderr alone, as without us. Failing here
		// leaves an empty file, which the next start removes.
		_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
		// Another process that has started in Dir since has a file of its own there.
		if there, lost := os.Lstat(name); err == nil && lost == nil && os.SameFile(ours, there) {
			_ = os.Remove(name)
		}
	}
	return nil
}

// shipCrash logs the report of an earlier process, if there is one, and
// removes it once it is in the buffers.
func (h *Handler) shipCrash(name string) error {
	// Not os.Open: where others may write to the volume, the name may be a link
	// to something that is not theirs to read, or a FIFO that never answers.
	f, err := h.core.fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("handler: crash report: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, 0, maxCrash))
	if err != nil {
		return fmt.Errorf("handler: crash report: %w", err)
	}
	if len(text) > 0 {
		r := slog.NewRecord(crashTime(name), route.LevelFatal, "process crashed", 0)
		r.AddAttrs(slog.String("crash", string(text)))
		if err := h.ship(context.Background(), h.core.table.Load(), &r, nil); err != nil {
			return err
		}
	}
	return os.Remove(name)
}

// crashTime is when the report was written.
func crashTime(name string) time.Time {
	if info, err := os.Lstat(name); err == nil {
		return info.ModTime()
	}
	return time.Now()
}
