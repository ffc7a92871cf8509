package main

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/slogship/slogship/handler"
)

// service is what logs.
type service struct {
	log    *slog.Logger
	every  time.Duration
	logged int // the goroutine's until stop has returned
	quit   chan struct{}
	done   sync.WaitGroup
}

func (s *service) start() {
	s.quit = make(chan struct{})
	s.done.Go(func() {
		tick := time.NewTicker(s.every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.log.Info("order placed", "number", s.logged)
				s.logged++
			case <-s.quit:
				return
			}
		}
	})
}

func (s *service) stop() {
	close(s.quit)
	s.done.Wait()
}

// watch tells what happens, from the handler's Stats: that is what a dashboard
// would do, too.
type watch struct {
	handler *handler.Handler
	began   time.Time
	quit    chan struct{}
	done    sync.WaitGroup

	mu     sync.Mutex
	out    io.Writer // guarded by mu
	active string    // guarded by mu
}

func (w *watch) start() {
	w.quit = make(chan struct{})
	w.done.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				w.look()
			case <-w.quit:
				return
			}
		}
	})
}

func (w *watch) stop() {
	close(w.quit)
	w.done.Wait()
}

func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.handler.Stats().Routes[0].Members {
		if m.Active && m.Sent > 0 && m.Name != w.active {
			w.active = m.Name
			w.sayLocked("records go to " + m.Name)
		}
	}
}

func (w *watch) kill(n *node) error {
	w.say(n.name + " is killed")
	n.kill()
	return nil
}

func (w *watch) revive(n *node) error {
	w.say(n.name + " is started again")
	return n.start()
}

func (w *watch) say(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sayLocked(what)
}

func (w *watch) sayLocked(what string) {
	fmt.Fprintf(w.out, "%6.3f s  %s\n", time.Since(w.began).Seconds(), what)
}
