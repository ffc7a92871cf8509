package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*appender)(nil)

// Check looks whether Path can be written to, and at the room on its volume. It
// does not make the file.
func (a *appender) Check(context.Context) []transport.Finding {
	near, err := vfs.Writable(filepath.Dir(a.Path))
	if err != nil {
		return []transport.Finding{preflight.Bad("directory", filepath.Dir(a.Path), err, "let the user that the service runs as write there")}
	}
	dir := preflight.Good("directory", filepath.Dir(a.Path), "can be written to")
	if _, err := os.Stat(filepath.Dir(a.Path)); err != nil {
		// A misspelt path looks like this, so it is not said of what is not there.
		dir.Found = "will be made in " + near
	}
	return append([]transport.Finding{dir, a.checkFile()}, a.checkRoom(near))
}

// checkFile looks at what has the name now.
func (a *appender) checkFile() transport.Finding {
	const check = "file"
	_, err := os.Lstat(a.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return preflight.Good(check, a.Path, "will be made")
	}
	f, err := openPlain(a.Path, a.Mode)
	switch {
	case errors.Is(err, ErrUnsafe):
		return preflight.Bad(check, a.Path, err, "remove it, or name another file")
	case err != nil:
		return preflight.Bad(check, a.Path, err, "let the user that the service runs as write to it")
	}
	defer f.Close()
	return preflight.Good(check, a.Path, "can be appended to")
}

// checkRoom warns if the volume is full before the file is rotated.
func (a *appender) checkRoom(near string) transport.Finding {
	space, err := vfs.OS{}.Space(near)
	if err != nil {
		return preflight.Skip("room", near, err.Error())
	}
	text := fmt.Sprintf("%d MiB free", space.Free>>20)
	if a.MaxSize > 0 && space.Free < a.MaxSize {
		return preflight.Warn("room", near, text, fmt.Sprintf("the volume is full before the file has its %d MiB (MaxSize)", a.MaxSize>>20))
	}
	return preflight.Good("room", near, "%s", text)
}
