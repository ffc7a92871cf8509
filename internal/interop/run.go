package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// outcome is one row of the table.
type outcome struct {
	name, version string
	sent          int
	restarts      int
	verdict       verdict
	err           error  // what went wrong besides losses
	note          string // figures of its own
}

// runLimit bounds one destination and each of its scenes, besides what its
// server's starts may take; a fast one takes some ten seconds.
const runLimit = 60 * time.Second

// limit allows for as many starts as there may be.
func (s *server) limit() time.Duration { return runLimit + (killsMost+1)*s.setup.startLimit }

// run tries one destination in a folder of its own below dir.
func (d destination) run(ctx context.Context, dir string, rng *rand.Rand) outcome {
	out := outcome{name: d.name}
	dir = filepath.Join(dir, d.name)
	if out.err = os.MkdirAll(filepath.Join(dir, "buffer"), 0o700); out.err != nil {
		return out
	}
	s, err := newServer(d.setup, dir)
	if err != nil {
		out.err = err
		return out
	}
	// Not within the limit: some servers are built here, once.
	if out.err = s.install(ctx); out.err != nil {
		out.version = "missing"
		return out
	}
	if out.version, out.err = s.version(ctx); out.err != nil {
		out.version = "missing"
		return out
	}
	d.each = cmp.Or(d.each, perProducer)
	out.sent = producers * d.each
	if d.try != nil {
		d.try(ctx, &d, dir, rng, &out)
	} else {
		d.tryOn(ctx, s, dir, rng, &out)
	}
	out.err = errors.Join(out.err, d.playAll(ctx, dir))
	return out
}

// tryOn sends everything and asks the server what it has of it.
func (d destination) tryOn(ctx context.Context, s *server, dir string, rng *rand.Rand, out *outcome) {
	ctx, cancel := context.WithTimeout(ctx, s.limit())
	defer cancel()
	restarts, sendErr := d.send(ctx, s, dir, rng)
	j := newJudge(producers, d.each)
	j.check = d.check
	torn, readErr := s.received(ctx, j.take)
	out.restarts, out.verdict = restarts, j.sentence()
	out.verdict.torn = torn
	if d.unordered {
		out.verdict.disordered = 0
	}
	out.err = errors.Join(sendErr, readErr, out.verdict.faults(), j.wrong)
	out.err = errors.Join(out.err, d.twice(out.verdict.duplicates, len(s.lives)-1))
}

// twice returns an error if there are more duplicates than the kills explain.
func (d destination) twice(duplicates, kills int) error {
	if d.once && duplicates > 0 || d.batch > 0 && duplicates > d.batch*kills {
		return fmt.Errorf("%d duplicates, %d kills: %w", duplicates, kills, errTwice)
	}
	return nil
}

// errTwice: a destination that knows the records by their IDs has one twice, or
// one that acknowledges has more than the batches without an answer.
var errTwice = errors.New("duplicates where there can be none")

// send logs everything, with kills on the way, and returns when the pipeline
// says that all of it is delivered.
func (d destination) send(ctx context.Context, s *server, dir string, rng *rand.Rand) (restarts int, err error) {
	if err := s.start(ctx); err != nil {
		return 0, err
	}
	p := newProgress()
	pipe, err := openPipeline(filepath.Join(dir, "buffer"), observed{Destination: d.to(s.life.at), to: p}, nil)
	if err != nil {
		return 0, err
	}
	l := newLoad(pipe.log, d.each, d.pause)
	k := &killer{server: s, progress: p, load: l, apart: cmp.Or(d.apart, recordsApart), rng: rng, behind: d.behind}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	killed := make(chan error, 1)
	go func() {
		err := d.disturb(ctx, k)
		if err != nil && !errors.Is(err, errKills) {
			cancel(err) // no server any more: the producers need not go on
		}
		killed <- err
	}()
	logErr := l.run(ctx, producers)
	killErr := <-killed // before the close, which needs the server
	closeErr := pipe.close(ctx, !d.kills)
	if closeErr == nil {
		closeErr = d.settle(ctx, s)
	}
	return k.counted, errors.Join(logErr, killErr, closeErr)
}

// disturb kills the server if d is one for which that promises something.
func (d destination) disturb(ctx context.Context, k *killer) error {
	if d.kills {
		return k.run(ctx)
	}
	k.load.allow(d.each)
	return nil
}

// settle gives a server whose transport cannot know what it has read the time
// to read what is in its socket: until what it wrote has not grown for a while.
func (d destination) settle(ctx context.Context, s *server) error {
	quiet := 500 * time.Millisecond
	switch {
	case d.behind:
		quiet = 5 * time.Second // it may have to begin, and looks for what is new now and then
	case d.kills:
		return nil // Close has seen the server's end-of-file or answer
	}
	size := int64(-1)
	for {
		now, err := folderSize(filepath.Join(s.life.at.dir, "received"))
		if err != nil || now == size {
			return err
		}
		size = now
		select {
		case <-time.After(quiet):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func folderSize(dir string) (size int64, err error) {
	files, err := os.ReadDir(dir)
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			return 0, fmt.Errorf("size of %q: %w", dir, err)
		}
		size += info.Size()
	}
	return size, err
}
