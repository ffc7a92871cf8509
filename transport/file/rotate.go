package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// due reports whether the file must be rotated before the lines in buf go to
// it. An empty file never is: it would be replaced by an empty file.
func (a *appender) due(info fs.FileInfo, now time.Time) bool {
	if info.Size() == 0 {
		return false
	}
	if a.MaxSize > 0 && info.Size()+int64(len(a.buf)-1) > a.MaxSize {
		return true
	}
	// The time of the last write says which interval the file belongs to. It
	// is the same for all processes, and survives restarts; a birth time would
	// have to be kept somewhere.
	return a.Every > 0 && now.UTC().Truncate(a.Every).After(info.ModTime().UTC().Truncate(a.Every))
}

// rotate renames the file and opens a new one under its name. A lock on the
// directory sees to it that one process does so: another that comes second
// finds another file under the name, and opens that. One that writes to the old
// file meanwhile does no harm: it is the same file under another name, and
// nobody compresses or removes it while it is open.
func (a *appender) rotate(ctx context.Context, info fs.FileInfo) (fs.FileInfo, error) {
	unlock, err := lockDir(ctx, filepath.Dir(a.Path))
	if errors.Is(err, errLocked) {
		return info, nil // a file that grows beyond its size is better than none
	}
	if err != nil {
		return nil, err
	}
	err = a.moveAway(info)
	if err == nil {
		info, err = a.reopen(ctx)
	}
	unlock()
	if a.keeper != nil {
		a.keeper.notify()
	}
	return info, err
}

// moveAway renames Path, if it still names the file that info describes.
func (a *appender) moveAway(info fs.FileInfo) error {
	named, err := os.Lstat(a.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !os.SameFile(named, info) {
		return nil
	}
	if !renamesOpenFiles {
		a.shut()
	}
	for at := time.Now(); ; at = at.Add(time.Microsecond) {
		to := rotatedName(a.Path, at)
		if taken(to) || taken(to+compressedSuffix) {
			continue
		}
		return os.Rename(a.Path, to)
	}
}

func taken(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// lockDir locks a directory against other processes, and other transports of
// this one, that rotate a file in it. The lock is on the directory itself,
// since a lock file could never be removed again.
func lockDir(ctx context.Context, dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	err = poll(ctx, func() (bool, error) {
		locked, err := lockExclusive(d)
		return locked || errors.Is(err, errors.ErrUnsupported), ignoreUnsupported(err)
	})
	if err != nil {
		d.Close()
		return nil, err
	}
	return func() { d.Close() }, nil
}

// ignoreUnsupported makes do without locks where there are none; the package
// comment says what one may not do there.
func ignoreUnsupported(err error) error {
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
