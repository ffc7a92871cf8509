package watch

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/slogship/slogship/route/config"
)

// Options say how often to look and what to do. OnChange is required; the zero
// value of every other field is its default.
type Options struct {
	// Interval is the time between two looks. Default 5 s, at least 10 ms.
	Interval time.Duration

	// OnChange gets the new configuration, which has loaded without error, and
	// puts it in force: Config.Apply. If it returns an error, the old one is what
	// is in force. It is called by one goroutine, which looks no further
	// meanwhile.
	OnChange func(*config.Config) error

	// OnError hears why a new file is not in force, each reason once. It is called
	// by the same goroutine. Default: a line on stderr.
	OnError func(error)
}

const (
	defaultInterval = 5 * time.Second
	leastInterval   = 10 * time.Millisecond
)

// maxFile is as much of a file as is looked at. A configuration is at most as
// long, and one that is longer is refused by Load.
const maxFile = 1<<20 + 2

// fingerprint is the content of the file and of those it refers to.
type fingerprint [sha256.Size]byte

// Watcher looks at a file until it is closed.
type Watcher struct {
	opts Options
	once sync.Once
	stop chan struct{} // closed by Close
	done chan struct{} // closed when the goroutine has ended

	// Of the goroutine alone.
	cfg   *config.Config // in force
	force fingerprint    // of cfg
	seen  fingerprint    // by the last look
	said  string         // the last error; "" since all was well
}

// Start watches the file that cfg was loaded from, and that is in force. What has
// changed since it was loaded counts as a change. The caller ends it with Close.
func Start(cfg *config.Config, opts *Options) *Watcher {
	w := &Watcher{opts: *opts, cfg: cfg, stop: make(chan struct{}), done: make(chan struct{})}
	if w.opts.Interval <= 0 {
		w.opts.Interval = defaultInterval
	}
	w.opts.Interval = max(w.opts.Interval, leastInterval)
	if w.opts.OnError == nil {
		w.opts.OnError = func(err error) { fmt.Fprintln(os.Stderr, err) }
	}
	// Secrets are read by Routes, which was a moment ago: their content now is what
	// they are compared with.
	w.force = print(cfg.Digest(), cfg.Files())
	w.seen = w.force
	go w.run()
	return w
}

// Close ends the watcher and returns when its goroutine has ended: no function of
// Options runs then, or will. So it must not be called by one of them. It may be
// called several times.
func (w *Watcher) Close() {
	w.once.Do(func() { close(w.stop) })
	<-w.done
}

func (w *Watcher) run() {
	defer close(w.done)
	t := time.NewTicker(w.opts.Interval)
	defer t.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-t.C:
		}
		select {
		case <-w.stop: // both were ready: what is closed looks no more
			return
		default:
			w.look()
		}
	}
}

// look compares what is on disk with what is in force.
func (w *Watcher) look() {
	now := print(sum(w.cfg.File()), w.cfg.Files())
	settled := now == w.seen
	w.seen = now
	switch {
	case now == w.force:
		w.said = "" // as before; the same mistake, made again, is said again
	case settled:
		w.change()
	}
}

// change loads the file and puts it in force, or says why not.
func (w *Watcher) change() {
	c, err := w.cfg.Reread()
	if err == nil {
		// Before OnChange reads the secrets: one that changes in between is another
		// change, and the next look finds it.
		force := print(c.Digest(), c.Files())
		if err = w.opts.OnChange(c); err == nil {
			w.cfg, w.force, w.seen, w.said = c, force, force, ""
			return
		}
	}
	err = fmt.Errorf("watch: %q is not in force: %w", w.cfg.File(), err)
	if text := err.Error(); text != w.said {
		w.said = text
		w.opts.OnError(err)
	}
}

// print is the fingerprint of a configuration with this digest, and of the files
// as they are now. One that can't be read has none of a content's.
func print(text [sha256.Size]byte, files []string) fingerprint {
	h := sha256.New()
	h.Write(text[:])
	for _, name := range files {
		s := sum(name)
		h.Write(s[:])
	}
	return fingerprint(h.Sum(nil))
}

// sum is the SHA-256 of a file, and zero for one that cannot be read.
func sum(name string) (digest [sha256.Size]byte) {
	f, err := os.Open(name)
	if err != nil {
		return digest
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, maxFile)); err != nil {
		return digest
	}
	return [sha256.Size]byte(h.Sum(nil))
}
