package deliver

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/transport"
)

func TestCloseDrains(t *testing.T) {
	f := &fake{desc: transport.Description{MaxRecords: 10}, took: time.Second}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.start()
		r.log(95)
		r.mustClose()
		wantInts(t, "received", f.received(), seq(1, 95))
		wantEqual(t, "left", int(r.buf.Stats().Records), 0)
		wantEqual(t, "transport closed", f.closes, 1)
		wantEqual(t, "again", r.worker.Close(context.Background()), nil)
		wantEqual(t, "transport closed once", f.closes, 1)
	})
}

// T35: Close with a deadline while the destination is dead returns at most 100
// ms after it, and everything stays in the buffer. Three ways to be dead.
func TestCloseOfADeadDestination(t *testing.T) {
	hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for name, tt := range map[string]struct {
		send func(context.Context) error
		most time.Duration
	}{
		"hangs until ctx is done": {hang, 0},
		"fails slowly":            {func(context.Context) error { time.Sleep(30 * time.Millisecond); return errDown }, 100 * time.Millisecond},
		"ignores ctx":             {func(context.Context) error { time.Sleep(time.Hour); return nil }, 120 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &direct{send: tt.send}
				r := newRig(t, d)
				r.opts.MaxInterval = 100 * time.Millisecond
				r.log(100)
				r.start()
				synctest.Wait()
				start := time.Now()
				err := r.close(200 * time.Millisecond)
				took := time.Since(start)
				if took > 200*time.Millisecond+tt.most {
					t.Errorf("Close took %v", took)
				}
				wantEqual(t, "Close tells", err != nil, true)
				wantEqual(t, "abandoned", errors.Is(err, ErrAbandoned), name == "ignores ctx")
				wantEqual(t, "told of it", r.told(ErrAbandoned), count(name == "ignores ctx"))
				wantEqual(t, "in the buffer", int(r.buf.Stats().Records), 100)
				wantEqual(t, "transport closed", d.closed, true)
				time.Sleep(2 * time.Hour) // an abandoned lane ends with its Send
			})
		})
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// direct is a transport made of functions.
type direct struct {
	desc   transport.Description
	send   func(context.Context) error
	close  func() error
	closed bool
}

func (d *direct) Describe() transport.Description                   { return d.desc }
func (d *direct) Send(ctx context.Context, _ []encode.Record) error { return d.send(ctx) }

func (d *direct) Close() error {
	d.closed = true
	if d.close != nil {
		return d.close()
	}
	return nil
}

// A Send that succeeds after ctx is done, but within the grace, counts.
func TestLateSuccessCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &direct{send: func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(50 * time.Millisecond)
			return nil
		}}
		r := newRig(t, d)
		r.log(10)
		r.start()
		synctest.Wait()
		start := time.Now()
		err := r.close(time.Second)
		wantEqual(t, "time", time.Since(start), 1050*time.Millisecond)
		wantEqual(t, "Close tells", errors.Is(err, context.DeadlineExceeded), true)
		wantEqual(t, "acked", r.acked(), 10)
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 10)
	})
}

// With the breaker open, Close does not wait for its deadline.
func TestCloseStopsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &direct{send: func(context.Context) error { return errDown }}
		r := newRig(t, d)
		r.log(10)
		r.start()
		time.Sleep(time.Minute)
		start := time.Now()
		err := r.close(time.Hour)
		wantEqual(t, "Close tells", errors.Is(err, ErrBreakerOpen), true)
		wantEqual(t, "time", time.Since(start), 0)
		wantEqual(t, "in the buffer", int(r.buf.Stats().Records), 10)
	})
}

// Close finds out by itself that the destination is dead.
func TestCloseFindsTheBreakerOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &direct{send: func(context.Context) error { return errDown }}
		r := newRig(t, d)
		r.log(10)
		r.start()
		start := time.Now()
		err := r.close(time.Hour)
		wantEqual(t, "Close tells", errors.Is(err, ErrBreakerOpen), true)
		if took := time.Since(start); took > 1600*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestTransportCloseIsContained(t *testing.T) {
	for name, close := range map[string]func() error{
		"panics": func() error { panic("close") },
		"exits":  func() error { runtime.Goexit(); return nil },
		"fails":  func() error { return errDown },
		"hangs":  func() error { time.Sleep(time.Hour); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &direct{send: func(context.Context) error { return nil }, close: close}
				r := newRig(t, d)
				r.log(10)
				r.start()
				start := time.Now()
				err := r.close(time.Second)
				hangs := name == "hangs"
				wantEqual(t, "abandoned", errors.Is(err, ErrAbandoned), hangs)
				if took := time.Since(start); took > time.Second+abandonAfter {
					t.Errorf("took %v", took)
				}
				wantEqual(t, "told", len(r.errs), 1)
				wantEqual(t, "delivered", r.worker.Stats().Delivered, 10)
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// The source itself hangs: Close gives up on the worker, because the host has
// a grace period.
func TestCloseOfAWorkerThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r := newRig(t, &fake{})
		r.opts.Buffer = stuck{r.buf, release}
		r.start()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		err := r.worker.Close(ctx)
		wantEqual(t, "abandoned", errors.Is(err, ErrAbandoned), true)
		wantEqual(t, "time", time.Since(start), time.Second+2*abandonAfter)
		close(release)
		<-r.worker.done
		_ = r.buf.Close()
	})
}

type stuck struct {
	Source
	release chan struct{}
}

func (s stuck) Arm() bool {
	<-s.release
	return s.Source.Arm()
}

// Drained means also that recovery has found everything.
func TestCloseWaitsForRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		r := newRig(t, f)
		source := &recovering{Source: r.buf, until: time.Now().Add(time.Minute)}
		r.opts.Buffer = source
		go func() { // recovery finds a record and ends
			time.Sleep(time.Minute)
			r.log(1)
		}()
		r.start()
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		wantEqual(t, "Close", r.worker.Close(ctx), nil)
		wantEqual(t, "time", time.Since(start), time.Minute)
		wantInts(t, "received", f.received(), seq(1, 1))
		r.buf.Stop()
		_ = r.buf.Close()
	})
}

// Exhausted: this source is not stopped, its record comes from recovery.
func (s *recovering) Exhausted() bool { return true }

// An append that Stop came into commits late. Close waits for it and for what
// was committed behind it, although there is nothing to read until then (T36).
func TestCloseWaitsForOpenAppends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		r := newRig(t, f)
		source := &unfinished{Source: r.buf}
		r.opts.Buffer = source
		go func() { // the claim is made, the commit comes a minute later
			time.Sleep(time.Minute)
			source.committed.Store(true)
			r.log(1)
		}()
		r.start()
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		wantEqual(t, "Close", r.worker.Close(ctx), nil)
		wantEqual(t, "time", time.Since(start), time.Minute)
		wantInts(t, "received", f.received(), seq(1, 1))
		_ = r.buf.Close()
	})
}

type unfinished struct {
	Source
	committed atomic.Bool
}

func (s *unfinished) Exhausted() bool { return s.committed.Load() }

// 1,000 lives leave no goroutine behind (T37).
func TestNothingLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	for i := range 1000 {
		f := &fake{desc: transport.Description{MaxInFlight: 1 + i%4, MaxRecords: 2}}
		f.reply = scripted(errDown, transport.Permanent(errBad))
		r := newRig(t, f)
		r.opts.InitialInterval = time.Microsecond
		r.log(i % 9)
		r.start()
		_ = r.close(10 * time.Second)
	}
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("goroutines: %d before, %d after\n%s", before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
		}
	}
}

// Panics and Goexit in a Send are failures like others, and the next Send has
// a goroutine.
func TestSendIsContained(t *testing.T) {
	calls := 0
	var texts []string
	synctest.Test(t, func(t *testing.T) {
		d := &direct{send: func(context.Context) error {
			switch calls++; calls {
			case 1:
				panic("out of tea")
			case 2:
				panic(errDown)
			case 3:
				runtime.Goexit()
			}
			return nil
		}}
		r := newRig(t, d)
		r.log(10)
		r.start()
		time.Sleep(time.Minute)
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 10)
		wantEqual(t, "panics told", r.told(ErrPanic), 2)
		wantEqual(t, "exits told", r.told(ErrGoexit), 1)
		for _, err := range r.errs {
			texts = append(texts, err.Error())
		}
		r.mustClose()
	})
	// The value is for the operator, so here the text is the point.
	if !strings.Contains(texts[0], "out of tea") {
		t.Errorf("the panic's value is not in %q", texts[0])
	}
}

func TestPanickingOnErrorIsContained(t *testing.T) {
	f := &fake{reply: scripted(errDown)}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.opts.OnError = func(error) { panic("hook") }
		r.log(1)
		r.start()
		time.Sleep(time.Minute)
		wantInts(t, "received", f.received(), seq(1, 1))
		r.mustClose()
	})
}

// SendTimeout is the deadline of each Send.
func TestSendTimeout(t *testing.T) {
	var left []time.Duration
	synctest.Test(t, func(t *testing.T) {
		d := &direct{send: func(ctx context.Context) error {
			deadline, _ := ctx.Deadline()
			left = append(left, time.Until(deadline))
			if len(left) == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}}
		r := newRig(t, d)
		r.opts.SendTimeout = 7 * time.Second
		r.log(1)
		r.start()
		time.Sleep(time.Minute)
		wantEqual(t, "told", r.told(context.DeadlineExceeded), 1)
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 1)
		r.mustClose()
	})
	wantEqual(t, "sends", len(left), 2)
	for _, d := range left {
		wantEqual(t, "deadline", d, 7*time.Second)
	}
}

// recovering says that recovery goes on until a moment.
type recovering struct {
	Source
	until time.Time
}

func (s *recovering) Stats() buffer.Stats {
	stats := s.Source.Stats()
	stats.Recovering = time.Now().Before(s.until)
	return stats
}

// A Send that runs on after its deadline is reported once, and waited for: no
// second Send beside it.
func TestOverdueSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running, most := 0, 0
		d := &direct{send: func(context.Context) error {
			running++
			most = max(most, running)
			time.Sleep(time.Hour)
			running--
			return nil
		}}
		r := newRig(t, d)
		r.opts.SendTimeout = 10 * time.Second
		r.log(1)
		r.start()
		time.Sleep(10*time.Second + overdueAfter - time.Millisecond)
		wantEqual(t, "told too early", r.told(ErrOverdue), 0)
		time.Sleep(30 * time.Minute)
		r.log(1)
		time.Sleep(20 * time.Minute)
		wantEqual(t, "told", r.told(ErrOverdue), 1)
		wantEqual(t, "last error", errors.Is(r.worker.Stats().LastError, ErrOverdue), true)
		time.Sleep(2 * time.Hour)
		wantEqual(t, "told of the second", r.told(ErrOverdue), 2)
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 2)
		r.mustClose()
		wantEqual(t, "sends at one time", most, 1)
	})
}
