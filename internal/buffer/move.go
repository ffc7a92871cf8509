package buffer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/slogship/slogship/internal/vfs"
)

// ErrShared is wrapped by Move's error when another process lives in the
// directory too: to it, the directory would be gone.
var ErrShared = errors.New("another process uses the directory")

// Move gives the buffer's directory another name, in the same parent or at
// least on the same volume. Appending and reading go on meanwhile: open files,
// mappings and locks are of the files and not of their names. dir must not exist. It
// is not for Heap.
//
// The rename is one step, so at each moment of a crash the directory has one of
// the two names with all that is in it. When Move has returned nil, it has the
// new one also after a loss of power, whatever the durability: under which name
// to look for the records is no matter of how many may be lost.
//
// An error that wraps ErrShared, or comes from the rename (which Windows
// refuses for a directory with open files), leaves everything as it was. A failed
// sync is an error as well, but then the directory has its new name.
func (b *Buffer) Move(dir string) error {
	if b.sub {
		return fmt.Errorf("buffer: move to %q: %w", dir, ErrShared)
	}
	h := b.home
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := b.alone(h.at); err != nil {
		return fmt.Errorf("buffer: move %q to %q: %w", h.at, dir, err)
	}
	crash("before-move")
	if err := h.FS.Rename(h.at, dir); err != nil {
		return fmt.Errorf("buffer: move %q to %q: %w", h.at, dir, err)
	}
	crash("moved")
	old := h.at
	h.at = dir
	err := h.FS.SyncDir(filepath.Dir(dir))
	if up := filepath.Dir(old); up != filepath.Dir(dir) {
		err = errors.Join(err, h.FS.SyncDir(up))
	}
	if err != nil {
		return fmt.Errorf("buffer: move %q to %q, sync: %w", old, dir, err)
	}
	crash("move-synced")
	return nil
}

// Dir returns the name that the directory has now, as it was given to Open or
// Move.
func (b *Buffer) Dir() string {
	b.home.mu.RLock()
	defer b.home.mu.RUnlock()
	return b.home.at
}

// alone returns an error if a process other than this one has a sub-buffer in
// dir. One that comes after this look finds its directory gone, and makes it
// anew under the old name; what it had put here by then is adopted from here.
func (b *Buffer) alone(dir string) error {
	entries, err := b.home.FS.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), subPrefix) || b.holds(filepath.Join(b.home.from, e.Name())) {
			continue
		}
		lock, err := b.home.FS.Lock(filepath.Join(dir, e.Name(), lockName))
		if errors.Is(err, vfs.ErrLocked) {
			return fmt.Errorf("%s: %w", e.Name(), ErrShared)
		}
		if err == nil {
			_ = lock.Close()
		}
	}
	return nil
}

// home is a file system in which one directory may have moved. Everything else
// goes on with the names that it had at Open: the rejected alternative, new names
// in each segment, log and error, would need a lock around every use of a name,
// and each use that forgot it would make the old directory anew, which is what
// is done about a directory that was removed.
type home struct {
	vfs.FS
	from string // as at Open; immutable

	mu sync.RWMutex // held by each operation, so that none is in the middle of a move
	at string       // guarded by mu
}

// now translates a name. It needs mu held.
func (h *home) now(name string) string {
	if h.at == h.from {
		return name
	}
	if rest, ok := strings.CutPrefix(name, h.from); ok && (rest == "" || rest[0] == filepath.Separator) {
		return h.at + rest
	}
	return name
}

func (h *home) MkdirAll(dir string) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.FS.MkdirAll(h.now(dir))
}

func (h *home) Create(name string) (vfs.File, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.FS.Create(h.now(name))
}

func (h *home) Open(name string) (vfs.File, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.FS.Open(h.now(name))
}

func (h *home) Remove(name string) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.FS.Remove(h.now(name))
}

func (h *home) Rename(from, to string) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.FS.Rename(h.now(from), h.now(to))
}

// ReadDir also asks for each entry's size and kind, which package os would do by
// name when somebody wants to know, and by then the directory may have moved.
func (h *home) ReadDir(dir string) ([]fs.DirEntry, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	entries, err := h.FS.ReadDir(h.now(dir))
	for i, e := range entries {
		if info, err := e.Info(); err == nil {
			entries[i] = fs.FileInfoToDirEntry(info)
		}
	}
	return entries, err
}

func (h *home) SyncDir(dir string) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.FS.SyncDir(h.now(dir))
}

func (h *home) Lock(name string) (io.Closer, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.FS.Lock(h.now(name))
}

func (h *home) Space(dir string) (vfs.Space, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.FS.Space(h.now(dir))
}

func (h *home) Kind(dir string) (vfs.Kind, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.FS.Kind(h.now(dir))
}

// MoveLeft gives a directory that nobody has open another name, as Move does, and
// reports whether it did: not if from is no buffer's, and not if there is
// something at to. ErrShared: somebody has it open.
func MoveLeft(fsys vfs.FS, from, to string) (moved bool, err error) {
	fail := func(err error) (bool, error) {
		return false, fmt.Errorf("buffer: move %q to %q: %w", from, to, err)
	}
	if _, ours := Usage(fsys, from); !ours {
		return false, nil
	}
	if _, err := fsys.ReadDir(to); !errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	b := &Buffer{home: &home{FS: fsys, from: from, at: from}}
	lock, err := fsys.Lock(filepath.Join(from, lockName))
	if errors.Is(err, vfs.ErrLocked) {
		return fail(ErrShared)
	}
	if err != nil {
		return fail(err)
	}
	// Let go of before the move, for Windows' sake. Who takes the lock in between
	// has the directory moved away under it, and makes it anew.
	if err := errors.Join(b.alone(from), lock.Close()); err != nil {
		return fail(err)
	}
	if err := fsys.Rename(from, to); err != nil {
		return fail(err)
	}
	return true, fsys.SyncDir(filepath.Dir(to))
}
