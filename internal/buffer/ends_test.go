package buffer

import (
	"context"
	"fmt"
	stdlog "log"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// childEnds is how many appends a child makes before it ends in its own way.
const childEnds = 10_000

// childEnd returns a life whose 10,000th append is followed by end, while the
// other producers are still at it.
func childEnd(end func()) func(b *Buffer, round uint64) {
	return func(b *Buffer, round uint64) {
		var done atomic.Int64
		var wg sync.WaitGroup
		for p := range uint64(4) {
			wg.Go(func() {
				for i := range uint64(1 << 31) {
					childAppend(b, round<<48|p<<32|i)
					if done.Add(1) == childEnds {
						end()
					}
				}
			})
		}
		wg.Wait()
	}
}

// TestProcessEnds is T10: the process ends by os.Exit, log.Fatal or a panic
// that nobody recovers, right after an append; no deferred call runs and
// nothing is closed. All that was appended is delivered after the restart.
func TestProcessEnds(t *testing.T) {
	for _, mode := range []Mode{Mapped, Written} {
		for _, kind := range []string{"exit", "fatal", "panic"} {
			t.Run(fmt.Sprintf("mode%d/%s", mode, kind), func(t *testing.T) {
				appended, delivered := map[uint64]int{}, map[uint64]int{}
				dir := t.TempDir()
				runChild(t, childArgs{dir: dir, mode: mode, kind: kind, exits: true, round: 1}, appended, delivered)
				if len(appended) < childEnds {
					t.Fatalf("%d appended", len(appended))
				}
				o := testOptions()
				o.Mode = mode
				if s := collect(t, dir, o, delivered); s.Corrupt != 0 {
					t.Errorf("an end counted as damage: %+v", s)
				}
				checkNoneLost(t, appended, delivered)
			})
		}
	}
}

// endings are ways in which the goroutine of a producer may end.
var endings = map[string]func(){
	"panic":  func() { panic("the caller's own") },
	"goexit": runtime.Goexit,
}

// contain runs f on a goroutine of its own, which may end as it likes.
func contain(f func()) {
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() { _ = recover() }()
		f()
	})
	wg.Wait()
}

// checkWorks is the rest of T9: the next 1,000 records are delivered.
func checkWorks(t *testing.T, b *Buffer) {
	t.Helper()
	drainAll(t, b, func(Entry) {})
	for id := uint64(1); id <= 1000; id++ {
		mustAppend(t, b, id, 300)
	}
	got := map[uint64]int{}
	drainAll(t, b, func(e Entry) { got[idOf(e)]++ })
	if len(got) != 1000 {
		t.Fatalf("%d of the next 1,000 delivered", len(got))
	}
	checkSum(t, b.Stats())
	closeBuffer(t, b)
}

// TestProducerEnds is T9's share here: a goroutine ends by panic or Goexit
// between appends, that is while the next payload is made. It has nothing of
// the buffer's in its hands then: what it appended is delivered, what it did
// not append is not.
func TestProducerEnds(t *testing.T) {
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			b := open(t, t.TempDir(), nil)
			build := func(id uint64) Record {
				if id == 50 {
					end()
				}
				return record(id, 100)
			}
			for range 20 {
				contain(func() {
					for id := range uint64(100) {
						_, _ = b.Append(context.Background(), build(id))
					}
				})
			}
			if s := b.Stats(); s.Appended != 20*50 || s.Refused != 0 {
				t.Fatalf("%+v", s)
			}
			checkWorks(t, b)
		})
	}
}

// badContext is a context whose Done is a caller's code that fails.
type badContext struct {
	context.Context
	end func()
}

func (c badContext) Done() <-chan struct{} { c.end(); return nil }

// TestContextEnds is T9 inside a call: the one thing of the caller's that an
// Append runs is its context. That it panics, or ends the goroutine, while
// Append waits for room leaves no lock behind.
func TestContextEnds(t *testing.T) {
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			o := quiet()
			o.MaxBytes, o.WhenFull, o.BlockTimeout = 1<<20, Block, 5*time.Second
			b := open(t, t.TempDir(), o)
			ended := 0
			for id := uint64(0); ended < 20; id++ {
				contain(func() {
					_, _ = b.Append(badContext{context.Background(), func() { ended++; end() }}, record(id, 300))
				})
				checkSum(t, b.Stats())
			}
			checkWorks(t, b)
		})
	}
}

// TestHookEnds is T9 for OnError, which runs on a producer's goroutine when its
// store into a truncated file faults. That one record is affected, no other.
func TestHookEnds(t *testing.T) {
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			for try := 0; !hookEnds(t, end); try++ { // the maintainer may see the file first
				if try == 10 {
					t.Fatal("no producer has met the fault")
				}
			}
		})
	}
}

func hookEnds(t *testing.T, end func()) bool {
	t.Helper()
	o := testOptions()
	var ended atomic.Bool
	o.OnError = func(error) {
		if strings.Contains(string(debug.Stack()), "(*Buffer).Append(") && ended.CompareAndSwap(false, true) {
			end()
		}
	}
	b := open(t, t.TempDir(), o)
	mustAppend(t, b, 0, 100)
	if err := os.Truncate(b.active.Load().name, 0); err != nil {
		t.Fatal(err)
	}
	returned := false
	contain(func() { _, _ = b.Append(context.Background(), record(1, 100)); returned = true })
	hit := ended.Load()
	if hit == returned {
		t.Fatalf("the hook ended a goroutine: %v, which returned: %v", hit, returned)
	}
	checkWorks(t, b)
	return hit
}

// childExit, childFatal and childPanic are the ends of T10.
func childExit()  { os.Exit(7) }
func childFatal() { stdlog.Fatal("fatal") }
func childPanic() { panic("nobody recovers this") }
