package main

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// asleep is a server that is there and does nothing.
func asleep() setup {
	return setup{
		version: func(context.Context) (string, error) { return "sleep", nil },
		command: func(place) (*exec.Cmd, error) { return exec.Command("sleep", "600"), nil },
		ready:   func(place) bool { return true },
		read:    readBody,
	}
}

// Each scene has a server that runs, and that ends with it; one that fails does
// not keep the next from being played.
func TestPlayAll(t *testing.T) {
	failed := errors.New("failed")
	var servers []*server
	play := func(err error) func(context.Context, *stage) error {
		return func(_ context.Context, on *stage) error {
			if on.server.life == nil {
				t.Error("no server runs")
			}
			servers = append(servers, on.server)
			return err
		}
	}
	d := destination{setup: asleep(), scenes: []scene{{"a", play(failed)}, {"b", play(nil)}}}
	if err := d.playAll(t.Context(), t.TempDir()); !errors.Is(err, failed) {
		t.Errorf("got %v, want %v", err, failed)
	}
	if len(servers) != 2 || servers[0] == servers[1] || servers[0].life != nil || servers[1].life != nil {
		t.Errorf("servers %+v", servers)
	}
	d.scenes = d.scenes[1:]
	if err := d.playAll(t.Context(), t.TempDir()); err != nil {
		t.Error(err)
	}
}

// A pipeline that is opened again under its name delivers what the one before
// left behind, which still says its version.
func TestStagePipeline(t *testing.T) {
	on, sink := &stage{dir: t.TempDir()}, memory.New()
	open := func(version string) *pipeline {
		t.Helper()
		p, err := on.pipeline("shop", sink, func(_ *route.Route, o *handler.Options) { o.Resource.Version = version })
		if err != nil {
			t.Fatal(err)
		}
		if err := p.log(t.Context(), slog.Int("producer", 0)); err != nil {
			t.Fatal(err)
		}
		return p
	}
	sink.Fail(errors.New("down"))
	first := open("1")
	hurry, cancel := context.WithCancel(t.Context())
	cancel()
	if err := first.close(hurry, false); err == nil {
		t.Fatal("nothing was left behind")
	}
	sink.Fail(nil)
	if err := open("2").close(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	got := sink.Records()
	if len(got) != 2 || got[0].Resource.Version != "1" || got[1].Resource.Version != "2" {
		t.Errorf("received %+v", got)
	}
}
