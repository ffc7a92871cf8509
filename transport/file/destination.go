package file

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// ErrUnsafe is wrapped by errors about a file that must not be written to: a
// symbolic link, a file with several hard links, a device, a pipe, or another
// user's file in a directory that others may write to.
var ErrUnsafe = errors.New("not a plain file of our own")

// Destination is a file. Only Path is required.
type Destination struct {
	// Path names the file. Its directory is made if there is none. Required.
	Path string

	// Encoder makes the lines. Default [encode.JSONLines].
	Encoder encode.Encoder

	// MaxSize is how many bytes the file may have before it is rotated. One
	// batch that is larger gets a file of its own. Default 100 MiB; negative: no
	// limit.
	MaxSize int64

	// Every rotates the file with the first record of each new interval: 24
	// hours is at midnight UTC. An interval without records makes no file.
	// Default 0: never.
	Every time.Duration

	// Keep is how many rotated files are kept. Default 10; negative: no limit.
	Keep int

	// KeepFor removes rotated files that were last written to longer ago.
	// Default 0: no limit.
	KeepFor time.Duration

	// KeepBytes is what all rotated files together may take; the oldest are
	// removed until they fit. Default 0: no limit.
	KeepBytes int64

	// Compress turns rotated files into gzip, all but the newest, in the
	// background.
	Compress bool

	// Sync makes each batch durable (fsync) before Send returns. That costs
	// milliseconds; a route with durability Power and no Sync is safer, as its
	// buffer keeps what the file may lose.
	Sync bool

	// Mode is the file's permissions. Default 0600; an agent that reads as
	// another user through a common group needs 0640.
	Mode fs.FileMode

	// Reopen makes the next Send open Path anew, once for each value received.
	// A file that was moved or removed is noticed without it; this is for
	// programs that insist on SIGHUP: pass the channel of [os/signal.Notify].
	// Default: none.
	Reopen <-chan os.Signal
}

var _ transport.Destination = Destination{}

// Open checks the configuration. The file is made with the first Send.
func (d Destination) Open() (transport.Transport, error) {
	if err := d.setDefaults(); err != nil {
		return nil, err
	}
	a := &appender{Destination: d, lock: make(chan struct{}, 1), end: unknown}
	a.keeper = startKeeper(&a.Destination)
	return a, nil
}

// setDefaults fills in what is zero and says what is wrong with the rest.
func (d *Destination) setDefaults() error {
	base := filepath.Base(d.Path)
	switch {
	case d.Path == "":
		return errors.New(`file: Path "": want the name of a file`)
	case strings.ContainsRune(d.Path, 0), base == ".", base == "..", os.IsPathSeparator(d.Path[len(d.Path)-1]):
		return fmt.Errorf("file: Path %q: want the name of a file", d.Path)
	case d.Every < 0:
		return fmt.Errorf("file: Every %v: want 0 or more", d.Every)
	case d.KeepFor < 0:
		return fmt.Errorf("file: KeepFor %v: want 0 or more", d.KeepFor)
	case d.KeepBytes < 0:
		return fmt.Errorf("file: KeepBytes %d: want 0 or more", d.KeepBytes)
	case d.Mode&^0o666 != 0, d.Mode != 0 && d.Mode&0o600 != 0o600:
		return fmt.Errorf("file: Mode %#o: want 0600 and what others may do of 0066", d.Mode)
	}
	d.MaxSize = cmp.Or(d.MaxSize, 100<<20)
	d.Keep = cmp.Or(d.Keep, 10)
	d.Mode = cmp.Or(d.Mode, 0o600)
	if d.Encoder == nil {
		d.Encoder = encode.JSONLines{}
	}
	if err := encode.Validate(d.Encoder); err != nil {
		return fmt.Errorf("file: Encoder: %w", err)
	}
	return nil
}
