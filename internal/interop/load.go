package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// load is the producers. They log at a bearable rate, and no more than they
// have been allowed: else the last kills would meet an idle pipeline on a fast
// machine.
type load struct {
	log   func(ctx context.Context, attrs ...slog.Attr) error
	each  int           // records of one producer
	pause time.Duration // after each record of a producer

	mu      sync.Mutex
	allowed int           // guarded by mu; records of one producer
	raised  chan struct{} // guarded by mu; closed and replaced when allowed grows
}

func newLoad(log func(context.Context, ...slog.Attr) error, each int, pause time.Duration) *load {
	return &load{log: log, each: each, pause: pause, raised: make(chan struct{})}
}

// allow lets each producer log n more records. It reports whether there were
// any that had not been allowed.
func (l *load) allow(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.allowed == l.each {
		return false
	}
	l.allowed = min(l.allowed+n, l.each)
	close(l.raised)
	l.raised = make(chan struct{})
	return true
}

// run returns when all producers have logged everything.
func (l *load) run(ctx context.Context, producers int) error {
	errs := make([]error, producers)
	var all sync.WaitGroup
	for p := range producers {
		all.Go(func() { errs[p] = l.produce(ctx, p) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (l *load) produce(ctx context.Context, producer int) error {
	for seq := range l.each {
		if err := l.wait(ctx, seq); err != nil {
			return err
		}
		err := l.log(ctx, slog.Int("producer", producer), slog.Int("seq", seq), slog.String("text", text(producer, seq)))
		if err != nil {
			return err
		}
		time.Sleep(l.pause)
	}
	return nil
}

// wait returns when record seq may be logged.
func (l *load) wait(ctx context.Context, seq int) error {
	for {
		l.mu.Lock()
		ok, raised := seq < l.allowed, l.raised
		l.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-raised:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
