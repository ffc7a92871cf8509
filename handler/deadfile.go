package handler

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/file"
)

// Bounds of a route's own dead.ndjson and the rotated files beside it. The
// oldest go first. They count in MaxDisk, of which a route's take no more than a
// sixteenth.
const (
	deadName    = "dead.ndjson"
	deadMaxSize = 8 << 20 // of one file, or less: see newDeadFile
	deadKeep    = 3
	deadKeepFor = 30 * 24 * time.Hour
)

// deadFile is a route's own dead letters. It is opened with the first.
type deadFile struct {
	path    string
	maxSize int64
	budget  *buffer.Budget
	encoder encode.Encoder

	removed atomic.Uint64 // letters in files that were removed for room or age

	mu      sync.Mutex          // guards the fields below
	to      transport.Transport // nil until the first letter
	booked  int64               // bytes counted in the budget
	letters map[string]uint64   // in each rotated file, by name; nil until the first letter
}

// newDeadFile counts what dir has of dead letters, also if this run makes none.
func newDeadFile(dir string, budget *buffer.Budget, encoder encode.Encoder) *deadFile {
	f := &deadFile{
		path:    filepath.Join(dir, deadName),
		maxSize: min(deadMaxSize, budget.Max()/(16*(deadKeep+1))),
		budget:  budget,
		encoder: encoder,
	}
	f.count()
	return f
}

func (f *deadFile) store(ctx context.Context, rec encode.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.to == nil {
		f.letters = make(map[string]uint64)
		f.count() // before anything is removed
		to, err := file.Destination{Path: f.path, Encoder: f.encoder, MaxSize: f.maxSize, Keep: deadKeep, KeepFor: deadKeepFor, Sync: true}.Open()
		if err != nil {
			return err
		}
		f.to = to
	}
	defer f.count()
	return f.to.Send(ctx, []encode.Record{rec})
}

// count books what the dead letters have grown or shrunk by, and notes which
// are gone. They are listed rather than summed up: another process may write
// the same file, and its rotation removes files in its own time. After a letter,
// which is synced, that is no cost. Called with mu held, or before anybody knows
// f.
func (f *deadFile) count() {
	dir := filepath.Dir(f.path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // removed: what was booked stays so until there is a letter again
	}
	var size int64
	there := make(map[string]bool)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), deadName) {
			continue
		}
		size += info.Size()
		there[e.Name()] = true
		if _, known := f.letters[e.Name()]; !known && f.letters != nil && e.Name() != deadName {
			f.letters[e.Name()] = lines(filepath.Join(dir, e.Name()))
		}
	}
	for name, n := range f.letters {
		if !there[name] {
			f.removed.Add(n)
			delete(f.letters, name)
		}
	}
	f.budget.Book(size - f.booked)
	f.booked = size
}

// lines counts a rotated file's lines, once: it does not grow any more. What
// cannot be read counts as none.
func lines(name string) (n uint64) {
	f, err := os.Open(name)
	if err != nil {
		return 0
	}
	defer f.Close()
	for buf := make([]byte, 32<<10); ; {
		read, err := f.Read(buf)
		n += uint64(bytes.Count(buf[:read], []byte{'\n'}))
		if err != nil {
			return n
		}
	}
}

// move goes along with the directory, which rename gives another name, and
// returns the one that it has then. The open file is closed, since it would be
// rotated under its old name; the next letter, which waits for the rename, opens it
// anew.
func (f *deadFile) move(rename func() (dir string, err error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.to != nil {
		to := f.to
		f.to = nil
		if err := to.Close(); err != nil {
			return err
		}
	}
	dir, err := rename()
	f.path = filepath.Join(dir, deadName)
	return err
}

// unbook forgets what is there, which nobody will look after.
func (f *deadFile) unbook() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.budget.Book(-f.booked)
	f.booked = 0
}

func (f *deadFile) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.to == nil {
		return nil
	}
	defer f.count()
	return f.to.Close()
}
