package transporttest

import (
	"context"
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/slogship/slogship/transport"
)

// afterClose closes a transport that has sent, and one that has not: that has no
// connection whose end Send would run into, only what Close noted.
func afterClose(t testing.TB, h *Harness) {
	for _, used := range []bool{true, false} {
		s := beginOpen(t, h)
		if used {
			s.deliver(numbered(0, 3))
		}
		tr := s.tr
		s.close()
		ctx, cancel := context.WithTimeout(t.Context(), s.bounds.send)
		err := tr.Send(ctx, build(numbered(3, 4)))
		cancel()
		s.inspect(err)
		if !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Send after Close (used before: %v): want ErrClosed, got %v", used, err)
		}
	}
}

// releases opens and closes many transports (T37): afterwards the process has
// no more goroutines and file descriptors than before. Many, since a test before
// this one may leave a few that end meanwhile, and one leaked by each round must
// not hide behind them.
func releases(t testing.TB, h *Harness) {
	rounds := 50
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		rounds = 1000
	}
	s := begin(t, h)
	s.round(0) // what a library starts once and for all is no leak
	goroutines, files := runtime.NumGoroutine(), openFiles()
	for i := range rounds {
		s.round(i)
	}
	// The receiver's side of the connections ends a moment after ours.
	deadline := time.Now().Add(s.arrival)
	for runtime.NumGoroutine() > goroutines || openFiles() > files {
		if time.Now().After(deadline) {
			t.Fatalf("%d transports were opened and closed: goroutines %d, before %d; open files %d, before %d\n%s",
				rounds, runtime.NumGoroutine(), goroutines, openFiles(), files, stacks())
		}
		time.Sleep(time.Millisecond)
	}
}

// round opens a transport, uses it every other time (one that was never used
// takes another way through Close), and closes it.
func (s *session) round(i int) {
	s.t.Helper()
	s.open()
	if i%2 == 0 {
		s.deliverBatch(numbered(0, 1))
	}
	s.close()
}

// openFiles counts this process's file descriptors; 0 where the system does
// not list them.
func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

func stacks() []byte {
	b := make([]byte, 64<<10)
	return b[:runtime.Stack(b, true)]
}
