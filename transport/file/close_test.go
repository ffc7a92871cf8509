package file

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/transport"
)

// TestSendWaitsForAnother gives up with its ctx, and not before.
func TestSendWaitsForAnother(t *testing.T) {
	d := dest(t)
	a := open(t, d)
	a.lock <- struct{}{} // a Send that hangs in the disk
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() { got <- a.Send(ctx, batch("m")) }()
	select {
	case err := <-got:
		t.Fatalf("Send did not wait: %v", err)
	default:
	}
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("Send returned %v", err)
	}
	<-a.lock
	send(t, a, "m")
	wantFile(t, d.Path, "m")
}

// TestCloseWhileSendHangs returns in bounded time. The Send that hangs closes
// the file when the disk lets it go.
func TestCloseWhileSendHangs(t *testing.T) {
	a := open(t, dest(t))
	send(t, a, "m")
	if err := a.acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := a.Close(); err == nil {
		t.Errorf("Close does not tell that a write hangs")
	}
	if took := time.Since(start); took > 10*closeWait {
		t.Errorf("Close took %v", took)
	}
	if a.file == nil {
		t.Errorf("Close has closed the file under a Send")
	}
	a.release()
	if a.file != nil {
		t.Errorf("the Send that hung has left the file open")
	}
	if err := a.Send(t.Context(), batch("m")); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Send after Close returned %v", err)
	}
}

// TestCancelledSendWrites: logging with a cancelled ctx is logging.
func TestCancelledSendWrites(t *testing.T) {
	d := dest(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := open(t, d).Send(ctx, batch("m")); err != nil {
		t.Errorf("Send returned %v", err)
	}
	wantFile(t, d.Path, "m")
}

// A process that does not run for longer than it wants to wait asks once more
// before it says that another one holds the lock.
func TestPollAsksAgainWhenLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		if err := poll(t.Context(), func() (bool, error) {
			if calls++; calls == 1 {
				time.Sleep(2 * lockWait)
			}
			return calls == 2, nil
		}); err != nil {
			t.Errorf("%v after %d calls", err, calls)
		}
		start := time.Now()
		if err := poll(t.Context(), func() (bool, error) { return false, nil }); !errors.Is(err, errLocked) || time.Since(start) != lockWait {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
