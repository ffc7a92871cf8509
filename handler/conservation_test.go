package handler_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
)

// sum checks DESIGN §1: logged + recovered = delivered + dropped + dead + buffered.
func sum(t *testing.T, h *handler.Handler) handler.RouteStats {
	t.Helper()
	s := h.Stats().Routes[0]
	if s.Logged+s.Recovered != s.Delivered+s.Dropped.Total()+s.Dead+s.Buffered {
		t.Errorf("the sum does not hold: %+v", s)
	}
	return s
}

// A destination that is away keeps nothing from anyone: what is on disk is
// delivered by the next handler (T35).
func TestCloseWhileAwayKeepsEverything(t *testing.T) {
	dir, sink := t.TempDir(), memory.New()
	sink.Fail(errors.New("away"))
	routes := []route.Route{{Name: "test", To: sink, Backoff: route.Backoff{MaxInterval: 10 * time.Millisecond}}}
	o := &handler.Options{Dir: dir, OnError: func(error) {}}
	h, err := handler.New(routes, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		slog.New(h).Info("m", "i", i)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var left *handler.UndeliveredError
	if err := h.Close(ctx); !errors.As(err, &left) || left.Routes[0].Records != 1000 || !left.Routes[0].OnDisk {
		t.Fatalf("Close: %v", err)
	}
	sum(t, h)
	sink.Fail(nil)
	if h, err = handler.New(routes, o); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := sum(t, h); s.Recovered != 1000 || s.Delivered != 1000 {
		t.Errorf("%+v", s)
	}
}

// A record that the destination refuses for good is in dead.ndjson, the others
// arrive (T31).
func TestDeadLetterFile(t *testing.T) {
	dir, sink := t.TempDir(), memory.New()
	h, err := handler.New([]route.Route{{Name: "test", To: refusing{sink, "poison"}}}, &handler.Options{Dir: dir, OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		msg := "fine"
		if i == 42 {
			msg = "poison"
		}
		slog.New(h).Info(msg, "i", i)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := sum(t, h); s.Dead != 1 || s.Delivered != 99 {
		t.Errorf("%+v", s)
	}
	text, err := os.ReadFile(dir + "/test/dead.ndjson")
	if err != nil || strings.Count(string(text), "\n") != 1 || !strings.Contains(string(text), `"reason":"refused"`) {
		t.Errorf("dead.ndjson: %v %s", err, text)
	}
}

// TestKilledCallsSurvive is T1 through the whole library: a child logs from
// eight goroutines and tells on its stdout pipe which calls have returned; it
// is killed at a random moment; the next handler delivers every one of them.
func TestKilledCallsSurvive(t *testing.T) {
	if dir := os.Getenv("SLOGSHIP_TEST_LOG_TO"); dir != "" {
		logForEver(dir)
	}
	kills := 20
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		kills = 1000
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	total := 0
	for range kills {
		dir := t.TempDir()
		returned := killAfter(t, dir, time.Duration(rng.IntN(60))*time.Millisecond)
		total += len(returned)
		sink := memory.New()
		h, err := handler.New([]route.Route{{Name: "test", To: sink}}, &handler.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		sum(t, h)
		arrived := make(map[string]bool)
		for _, rec := range sink.Records() {
			arrived[rec.Message] = true
		}
		for _, msg := range returned {
			if !arrived[msg] {
				t.Fatalf("lost %q, whose call had returned (%d of %d arrived)", msg, len(arrived), len(returned))
			}
		}
		os.RemoveAll(dir)
	}
	if total == 0 {
		t.Error("no call returned before any kill: the test shows nothing")
	}
	t.Logf("%d kills, %d returned calls, lost 0", kills, total)
}

// killAfter runs a child that logs to dir, kills it d after its first record
// and returns what its calls had returned for.
func killAfter(t *testing.T, dir string, d time.Duration) []string {
	child := exec.Command(os.Args[0], "-test.run=^TestKilledCallsSurvive$")
	child.Env = append(os.Environ(), "SLOGSHIP_TEST_LOG_TO="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var returned []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if len(returned) == 0 {
			time.AfterFunc(d, func() { child.Process.Kill() })
		}
		if line, whole := strings.CutSuffix(lines.Text(), "."); whole {
			returned = append(returned, line)
		}
	}
	_ = child.Wait() // it was killed
	return returned
}

// logForEver is the child. Its destination is away.
func logForEver(dir string) {
	sink := memory.New()
	sink.Fail(errors.New("away"))
	h, err := handler.New([]route.Route{{Name: "test", To: sink}}, &handler.Options{Dir: dir, OnError: func(error) {}})
	if err != nil {
		panic(err)
	}
	var group sync.WaitGroup
	for p := range 8 {
		group.Go(func() {
			for i := 0; ; i++ {
				msg := fmt.Sprintf("%d/%d", p, i)
				if h.Log(context.Background(), slog.LevelInfo, msg, slog.String("pad", strings.Repeat("x", i%300))) == nil {
					os.Stdout.WriteString(msg + ".\n")
				}
			}
		})
	}
	group.Wait()
}

// refusing refuses batches with one message in them for good.
type refusing struct {
	*memory.Sink
	msg string
}

func (r refusing) Open() (transport.Transport, error) {
	inner, err := r.Sink.Open()
	return refuser{inner, r.msg}, err
}
