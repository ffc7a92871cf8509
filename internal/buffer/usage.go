package buffer

import (
	"path/filepath"

	"github.com/slogship/slogship/internal/vfs"
)

// Usage returns the bytes of all files in dir and below, and whether dir is one
// that a buffer was opened in. What cannot be read counts as nothing.
func Usage(fsys vfs.FS, dir string) (bytes int64, ours bool) {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return 0, false
	}
	for _, e := range entries {
		ours = ours || e.Name() == lockName
		if e.IsDir() {
			below, _ := Usage(fsys, filepath.Join(dir, e.Name()))
			bytes += below
		} else if info, err := e.Info(); err == nil {
			bytes += info.Size()
		}
	}
	return bytes, ours
}
