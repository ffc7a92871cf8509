package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Writable reports whether files can be made in dir, or in the nearest directory
// above it that is there, which it returns: dir itself would be made. It makes and
// removes an empty file, as no look at mode bits knows of access lists,
// capabilities, and volumes mounted for reading only.
func Writable(dir string) (near string, err error) {
	if near, err = nearest(dir); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(near, ".slogship-check-*")
	if err != nil {
		return near, err
	}
	return near, errors.Join(f.Close(), os.Remove(f.Name()))
}

func nearest(dir string) (string, error) {
	at, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		info, err := os.Stat(at)
		switch above := filepath.Dir(at); {
		case err == nil && !info.IsDir():
			return "", &fs.PathError{Op: "use", Path: at, Err: errors.New("not a directory")}
		case err == nil:
			return at, nil
		case !errors.Is(err, fs.ErrNotExist) || above == at:
			return "", err
		default:
			at = above
		}
	}
}
