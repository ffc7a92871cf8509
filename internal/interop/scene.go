package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// scene is something else that a destination has to stand, besides kills: a
// record that the server refuses, wrong credentials that are put right, a
// certificate that is rotated, a backlog of another version. It has a server of
// its own, with the destination's setup. Its error fails the destination's row.
type scene struct {
	name string
	play func(ctx context.Context, on *stage) error
}

// stage is what a scene plays on. Its server runs; the scene may kill it, start
// it again and ask it what it received (after which it runs no more).
type stage struct {
	server *server
	dir    string
}

// pipeline opens a handler with one route, whose buffer is in a folder of that
// name: opened again after its Close, with the same name, it is the next life of
// the same service. adjust may change route and options; nil changes nothing.
// Whoever opens it closes it.
func (on *stage) pipeline(name string, to transport.Destination, adjust func(*route.Route, *handler.Options)) (*pipeline, error) {
	dir := filepath.Join(on.dir, "buffer", name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return openPipeline(dir, to, adjust)
}

// playAll plays the scenes one after the other, also after one that failed.
func (d destination) playAll(ctx context.Context, dir string) error {
	var errs []error
	for _, sc := range d.scenes {
		if err := d.play(ctx, filepath.Join(dir, "scene-"+sc.name), sc); err != nil {
			errs = append(errs, fmt.Errorf("scene %q: %w", sc.name, err))
		}
	}
	return errors.Join(errs...)
}

func (d destination) play(ctx context.Context, dir string, sc scene) error {
	s, err := newServer(d.setup, dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limit())
	defer cancel()
	if err := s.start(ctx); err != nil {
		return err
	}
	defer s.kill()
	return sc.play(ctx, &stage{server: s, dir: dir})
}
