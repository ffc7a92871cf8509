package buffer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/slogship/slogship/internal/vfs"
)

// Locked reports whether a buffer has dir open, in this process or another. It
// takes the lock for a moment to find out, since nothing else tells on all
// systems: a buffer that is opened in that moment takes a sub-directory, as if it
// were the second. A dir in which no buffer was ever opened is left alone.
func Locked(fsys vfs.FS, dir string) (bool, error) {
	name := filepath.Join(dir, lockName)
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	lock, err := fsys.Lock(name)
	if errors.Is(err, vfs.ErrLocked) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, lock.Close()
}

// Floor returns how much of a volume of that size stays free, in bytes, for
// Options.MinFree.
func Floor(minFree, volume int64) int64 {
	b := Buffer{opt: Options{MinFree: minFree}}
	return max(0, b.floor(volume))
}
