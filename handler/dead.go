package handler

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/deliver"
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

// deadLetters returns where l's dead letters go; nil: they are counted.
func (c *core) deadLetters(l *lane) func(context.Context, *deliver.Dead) error {
	if target := c.lane(l.route.DeadLetter); target != nil {
		target.feeders = append(target.feeders, l)
		return func(ctx context.Context, d *deliver.Dead) error {
			return c.deadTo(ctx, target, l, d)
		}
	}
	if l.deadFile == nil {
		return nil
	}
	return func(ctx context.Context, d *deliver.Dead) error {
		return l.deadFile.store(ctx, c.letter(l, d))
	}
}

// letter is the record with what happened to it. The resource stays that of
// the process that logged it.
func (c *core) letter(l *lane, d *deliver.Dead) encode.Record {
	rec := *d.Record
	rec.Attrs = append(rec.Attrs[:len(rec.Attrs):len(rec.Attrs)], letterAttr(l, d))
	if rec.Resource == nil {
		rec.Resource = c.resource
	}
	return rec
}

func letterAttr(l *lane, d *deliver.Dead) slog.Attr {
	attrs := []any{
		slog.String("route", l.route.Name), slog.String("reason", d.Reason), slog.Int("attempts", d.Attempts),
	}
	if d.Answer != nil {
		attrs = append(attrs, slog.String("answer", d.Answer.Error()))
	}
	if !d.First.IsZero() {
		attrs = append(attrs, slog.Time("first_attempt", d.First))
	}
	return slog.Group("dead_letter", attrs...)
}

// deadTo hands the letter to another route.
func (c *core) deadTo(ctx context.Context, target, from *lane, d *deliver.Dead) error {
	rec := c.letter(from, d)
	if target.buf == nil {
		return contained(func() error { return target.transport.Send(ctx, []encode.Record{rec}) })
	}
	header := codec.Header{
		ID: rec.ID, Time: rec.Time, Observed: rec.Observed, Level: rec.Level, Message: rec.Message,
		Scope: rec.Scope, Trace: rec.Trace, Stack: rec.Stack,
	}
	if rec.Source != (slog.Source{}) {
		header.Source = codec.AppendSource(nil, &rec.Source)
	}
	payload := codec.AppendHeader(nil, &header)
	for _, a := range rec.Attrs {
		payload = codec.AppendAttr(payload, a)
	}
	// Not durable is an error here as any other: the letter is appended again,
	// which at worst makes it two, and the record that it is about stays meanwhile.
	_, err := target.buf.Append(ctx, buffer.Record{
		Payload: payload, Sum: buffer.Sum(payload),
		Level: uint8(encode.LevelIndex(rec.Level)), Time: time.Now().UnixNano(),
	})
	return err
}

// deadFile is a route's own dead letters. It is opened with the first.
type deadFile struct {
	path    string
	maxSize int64
	budget  *buffer.Budget

	mu     sync.Mutex          // guards the fields below
	to     transport.Transport // nil until the first letter
	booked int64               // bytes counted in the budget
}

// newDeadFile counts what dir has of dead letters, also if this run makes none.
func newDeadFile(dir string, budget *buffer.Budget) *deadFile {
	f := &deadFile{
		path:    filepath.Join(dir, deadName),
		maxSize: min(deadMaxSize, budget.Max()/(16*(deadKeep+1))),
		budget:  budget,
	}
	f.count()
	return f
}

func (f *deadFile) store(ctx context.Context, rec encode.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.to == nil {
		to, err := file.Destination{Path: f.path, MaxSize: f.maxSize, Keep: deadKeep, KeepFor: deadKeepFor, Sync: true}.Open()
		if err != nil {
			return err
		}
		f.to = to
	}
	defer f.count()
	return f.to.Send(ctx, []encode.Record{rec})
}

// count books what the dead letters have grown or shrunk by. They are listed
// rather than summed up: another process may write the same file, and its
// rotation removes files in its own time. After a letter, which is synced, that
// is no cost. Called with mu held, or before anybody knows f.
func (f *deadFile) count() {
	entries, err := os.ReadDir(filepath.Dir(f.path))
	if err != nil {
		return // removed: what was booked stays so until there is a letter again
	}
	var size int64
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), deadName) {
			continue
		}
		if info, err := e.Info(); err == nil {
			size += info.Size()
		}
	}
	f.budget.Book(size - f.booked)
	f.booked = size
}

func (f *deadFile) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.to == nil {
		return nil
	}
	return f.to.Close()
}
