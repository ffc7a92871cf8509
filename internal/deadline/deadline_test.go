package deadline_test

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"

	"github.com/slogship/slogship/internal/deadline"
)

// A write that waits ends with ctx, and the next one, with another ctx, is not
// ended by it.
func TestWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer here.Close()
		defer there.Close()
		write := func(ctx context.Context) (wrote chan error) {
			end := deadline.Writes(ctx, here)
			wrote = make(chan error, 1)
			go func() {
				_, err := here.Write([]byte("x"))
				end()
				wrote <- err
			}()
			synctest.Wait() // it waits for a reader
			return wrote
		}
		ctx, cancel := context.WithCancel(t.Context())
		wrote := write(ctx)
		cancel()
		if err := <-wrote; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("want ErrDeadlineExceeded, got %v", err)
		}
		wrote = write(t.Context())
		if _, err := there.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if err := <-wrote; err != nil {
			t.Errorf("the write after it: %v", err)
		}
		// A ctx that ends with its last write: its deadline is set before end
		// returns, not while the next ctx is in use.
		for range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			end := deadline.Writes(ctx, here)
			go cancel()
			end()
			wrote := write(t.Context())
			if _, err := there.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			if err := <-wrote; err != nil {
				t.Fatalf("an earlier ctx ended it: %v", err)
			}
		}
	})
}
