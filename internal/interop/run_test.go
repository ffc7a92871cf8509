//go:build interop

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
)

// receiverEnv makes this test binary the server: "skip addr file", where it
// leaves out each skip-th record it reads, none if 0.
const receiverEnv = "SLOGSHIP_TEST_INTEROP_RECEIVER"

func TestMain(m *testing.M) {
	if what := os.Getenv(receiverEnv); what != "" {
		receive(what)
		return
	}
	os.Exit(m.Run())
}

// receive ends by a signal only.
func receive(what string) {
	var skip int
	var addr, file string
	if _, err := fmt.Sscan(what, &skip, &addr, &file); err != nil {
		panic(err)
	}
	f, err := os.Create(file)
	if err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		panic(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			defer c.Close()
			r := bufio.NewReader(c)
			for n := 1; ; n++ {
				line, err := r.ReadBytes('\n')
				if err != nil {
					return
				}
				if skip == 0 || n%skip != 0 {
					f.Write(line)
				}
			}
		}()
	}
}

// toy is a destination whose server is this binary.
func toy(skip, each int, kills bool) destination {
	return destination{
		name: "toy", kills: kills, each: each,
		setup: setup{
			version: func(context.Context) (string, error) { return "toy 1", nil },
			command: func(at place) (*exec.Cmd, error) {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), receiverEnv+"="+strconv.Itoa(skip)+" "+at.addr()+" "+filepath.Join(at.dir, "received", "records"))
				return cmd, nil
			},
			ready: answersTCP,
			read:  readBody,
		},
		to: func(at place) transport.Destination { return tcp.Destination{Addr: at.addr()} },
	}
}

func try(t *testing.T, d destination) outcome {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return d.run(t.Context(), t.TempDir(), rand.New(rand.NewPCG(seed, 0)))
}

// TestRun is the whole machine with a server that keeps what it reads: killed
// again and again, nothing is lost. (T27)
func TestRun(t *testing.T) {
	d := toy(0, 1200, true)
	out := try(t, d)
	if out.err != nil || out.verdict.lost > 0 || out.restarts < killsWanted || out.verdict.duplicates == 0 {
		t.Errorf("%+v, %v", out, out.err)
	}
}

// A server that loses what it took is found out.
func TestRunDishonest(t *testing.T) {
	d := toy(100, 50, true)
	d.kills = false
	// Plain TCP has no other way to know than the end-of-file.
	out := try(t, d)
	if want := producers * 50 / 100; out.verdict.lost != want {
		t.Errorf("lost %d, want %d: %+v", out.verdict.lost, want, out)
	}
}

// Too few records for the kills that are wanted: that is a failure, although
// nothing was lost.
func TestRunTooFewKills(t *testing.T) {
	out := try(t, toy(0, 200, true))
	if !errors.Is(out.err, errKills) || out.verdict.lost > 0 {
		t.Errorf("%+v", out)
	}
}

// A missing server is a failure and not a skip.
func TestRunMissing(t *testing.T) {
	d := toy(0, 10, false)
	gone := errors.New("not installed")
	d.setup.version = func(context.Context) (string, error) { return "", gone }
	out := try(t, d)
	if !errors.Is(out.err, gone) || out.version != "missing" {
		t.Errorf("%+v", out)
	}
}

// A server that does not start ends the run, and nobody waits for it.
func TestRunNoStart(t *testing.T) {
	d := toy(0, 10, true)
	d.setup.command = func(place) (*exec.Cmd, error) { return exec.Command(os.Args[0], "-test.nosuchflag"), nil }
	if out := try(t, d); !errors.Is(out.err, errStart) || out.verdict.lost != producers*10 {
		t.Errorf("%+v", out)
	}
}

// A scene has a server of its own that runs, may end it, and fails the row; the
// next one is played all the same.
func TestScenes(t *testing.T) {
	d := toy(0, 1, true)
	failed := errors.New("failed")
	played := 0
	d.scenes = []scene{
		{"fails", func(context.Context, *stage) error { played++; return failed }},
		{"works", func(ctx context.Context, on *stage) error {
			played++
			var got []entry
			for range 2 { // the second life of the service has the buffer of the first
				p, err := on.pipeline("p", d.to(on.server.life.at), func(_ *route.Route, o *handler.Options) { o.Resource.Version = "1" })
				if err != nil {
					return err
				}
				if err := errors.Join(p.log(ctx, slog.Int("producer", 0), slog.Int("seq", 0)), p.close(ctx, false)); err != nil {
					return err
				}
			}
			_, err := on.server.received(ctx, func(e entry) { got = append(got, e) })
			if err == nil && (len(got) != 2 || got[0].ID == got[1].ID || got[1].Message != message) {
				err = fmt.Errorf("received %+v", got)
			}
			return err
		}},
	}
	if err := d.playAll(t.Context(), t.TempDir()); !errors.Is(err, failed) || played != 2 {
		t.Errorf("%d played: %v", played, err)
	}
	d.scenes = d.scenes[1:]
	if err := d.playAll(t.Context(), t.TempDir()); err != nil {
		t.Error(err)
	}
}
