package relp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/ackconn"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/relp"
)

// A 500 condemns its record alone; a code that nobody knows makes its record go
// again; the rest is delivered.
func TestRefusals(t *testing.T) {
	addr := testkit.Listen(t, (&receiver{t: t, answer: func(w io.Writer, f frame, _ int) error {
		switch f.data {
		case "refused":
			return answerTo(w, f.n, "500 rejected for a reason")
		case "unknown":
			return answerTo(w, f.n, "299")
		}
		return answerTo(w, f.n, "200 OK")
	}}).serve)
	tr := open(t, relp.Destination{Addr: addr, MaxMessage: 10})
	recs := records("a", "refused", "b", "unknown", "", "unencodable", "elevenbytes", "c")
	errs := testkit.Children(t, testkit.Send(t, tr, recs), len(recs))
	for i, want := range []struct{ failed, permanent bool }{
		{}, {true, true}, {}, {true, false}, {true, true}, {true, true}, {true, true}, {},
	} {
		if got := transport.Classify(errs[i], 1).Permanent; (errs[i] != nil) != want.failed || got != want.permanent {
			t.Errorf("%q: %v (permanent %v), want %+v", recs[i].Message, errs[i], got, want)
		}
	}
	if !errors.Is(errs[5], errUnencodable) {
		t.Errorf("the encoder's error is lost: %v", errs[5])
	}
	// Nothing of it has harmed the session.
	if err := testkit.Send(t, tr, numbered(3)); err != nil {
		t.Error(err)
	}
}

// Answers belong to their numbers, in whatever order they come.
func TestAnswersInAnyOrder(t *testing.T) {
	var held []frame
	addr := testkit.Listen(t, (&receiver{t: t, answer: func(w io.Writer, f frame, _ int) error {
		if held = append(held, f); len(held) < 10 {
			return nil
		}
		slices.Reverse(held)
		for _, f := range held {
			data := "200 OK"
			if f.data == "message 3" {
				data = "500 no"
			}
			if err := answerTo(w, f.n, data); err != nil {
				return err
			}
		}
		held = nil
		return nil
	}}).serve)
	tr := open(t, relp.Destination{Addr: addr})
	for i, err := range testkit.Children(t, testkit.Send(t, tr, numbered(10)), 10) {
		if (err != nil) != (i == 3) {
			t.Errorf("record %d: %v", i, err)
		}
	}
}

// The number behind 999,999,999 is 1, also in the middle of a window.
func TestNumbersWrap(t *testing.T) {
	var seen log
	addr := testkit.Listen(t, (&receiver{t: t, answer: func(w io.Writer, f frame, _ int) error {
		seen.add(f.n)
		return answerTo(w, f.n, "200 OK")
	}}).serve)
	tr := open(t, relp.Destination{Addr: addr, Window: 4})
	if err := testkit.Send(t, tr, numbered(1)); err != nil {
		t.Fatal(err)
	}
	relp.SetTxnr(tr, 999_999_996)
	if err := testkit.Send(t, tr, numbered(5)); err != nil {
		t.Fatal(err)
	}
	want := []string{"2", "999999997", "999999998", "999999999", "1", "2"}
	if got := seen.all(); !slices.Equal(got, want) {
		t.Errorf("numbers %q, want %q", got, want)
	}
}

// No more than a window is unanswered. The receiver answers the first time when
// it has been sent a whole window, and then whenever there is more than half of
// one: the sender need not send more before that is answered.
func TestWindow(t *testing.T) {
	const window = 8
	var held []frame
	var most atomic.Int64
	addr := testkit.Listen(t, (&receiver{t: t, answer: func(w io.Writer, f frame, count int) error {
		held = append(held, f)
		most.Store(max(most.Load(), int64(len(held))))
		if count < window-1 || len(held) <= window/2 && count < 99 {
			return nil
		}
		for _, f := range held {
			if err := answerTo(w, f.n, "200 OK"); err != nil {
				return err
			}
		}
		held = nil
		return nil
	}}).serve)
	tr := open(t, relp.Destination{Addr: addr, Window: window})
	if err := testkit.Send(t, tr, numbered(100)); err != nil {
		t.Fatal(err)
	}
	if most.Load() != window {
		t.Errorf("up to %d records were unanswered, want %d", most.Load(), window)
	}
}

// What breaks in the middle of a batch leaves to be sent again what has no
// answer, and that alone. The next Send opens a session anew.
func TestPartialAnswers(t *testing.T) {
	for name, end := range map[string]func(w io.Writer) error{
		"broken":           func(io.Writer) error { return io.EOF },
		"serverclose":      func(w io.Writer) error { return say(w, "0 serverclose 0\n") },
		"unknown number":   func(w io.Writer) error { return say(w, "77777 rsp 6 200 OK\n") },
		"answered before":  func(w io.Writer) error { return say(w, "2 rsp 6 200 OK\n") },
		"number of open":   func(w io.Writer) error { return say(w, "1 rsp 6 200 OK\n") },
		"number 0":         func(w io.Writer) error { return say(w, "0 rsp 6 200 OK\n") },
		"long header":      func(w io.Writer) error { return say(w, strings.Repeat("7", 1<<20)) },
		"no number":        func(w io.Writer) error { return say(w, " rsp 6 200 OK\n") },
		"long command":     func(w io.Writer) error { return say(w, "5 "+strings.Repeat("x", 1<<20)) },
		"other command":    func(w io.Writer) error { return say(w, "5 syslog 6 200 OK\n") },
		"huge answer":      func(w io.Writer) error { return say(w, "5 rsp 999999999 200") },
		"long length":      func(w io.Writer) error { return say(w, "5 rsp 1000000000 200") },
		"no data":          func(w io.Writer) error { return say(w, "5 rsp 6\n") },
		"no end":           func(w io.Writer) error { return say(w, "5 rsp 6 200 OKx") },
		"no code":          func(w io.Writer) error { return say(w, "5 rsp 2 OK\n") },
		"code of letters":  func(w io.Writer) error { return say(w, "5 rsp 6 2xx OK\n") },
		"code of 4 digits": func(w io.Writer) error { return say(w, "5 rsp 4 2000\n") },
	} {
		t.Run(name, func(t *testing.T) {
			var broken atomic.Bool
			addr := testkit.Listen(t, (&receiver{t: t, answer: func(w io.Writer, f frame, count int) error {
				switch {
				case broken.Load() || count < 3:
					return answerTo(w, f.n, "200 OK")
				case count == 3:
					broken.Store(true)
					return end(w)
				default:
					return io.EOF
				}
			}}).serve)
			tr := open(t, relp.Destination{Addr: addr, Window: 5})
			for i, err := range testkit.Children(t, testkit.Send(t, tr, numbered(10)), 10) {
				if (err == nil) != (i < 3) {
					t.Errorf("record %d: %v", i, err)
				}
				if transport.Classify(err, 1).Permanent {
					t.Errorf("record %d is condemned: %v", i, err)
				}
			}
			if err := testkit.Send(t, tr, numbered(10)); err != nil {
				t.Errorf("on a new session: %v", err)
			}
		})
	}
}

func say(w io.Writer, s string) error {
	io.WriteString(w, s)
	return nil
}

// A session that is not opened is no fault of the records.
func TestOpenRefused(t *testing.T) {
	for name, says := range map[string]string{
		"500":         "500 no",
		"no syslog":   "200 OK\nrelp_version=0\ncommands=other,syslogs",
		"no code":     "OK",
		"empty":       "",
		"close to it": "2000 OK",
	} {
		t.Run(name, func(t *testing.T) {
			addr := testkit.Listen(t, (&receiver{t: t, open: func(w io.Writer, f frame) error { return answerTo(w, f.n, says) }}).serve)
			tr := open(t, relp.Destination{Addr: addr})
			err := testkit.Send(t, tr, numbered(2))
			if out := transport.Classify(err, 2); err == nil || out.Permanent || out.Batch != nil {
				t.Errorf("want a plain error, got %v", err)
			}
			if err := tr.(transport.Prober).Probe(t.Context()); err == nil {
				t.Error("Probe returned nil")
			}
		})
	}
}

// A receiver that offers more, or nothing at all, will do.
func TestOffers(t *testing.T) {
	for _, says := range []string{"200 OK", "200 OK\nrelp_version=1\ncommands=foo,syslog,bar\nother=x", "200\ncommands=syslog\n"} {
		addr := testkit.Listen(t, (&receiver{t: t, open: func(w io.Writer, f frame) error { return answerTo(w, f.n, says) }}).serve)
		if err := testkit.Send(t, open(t, relp.Destination{Addr: addr}), numbered(2)); err != nil {
			t.Errorf("offers %q: %v", says, err)
		}
	}
}

// A receiver that takes everything and answers nothing is given up after
// AnswerTimeout; with ctx it is given up sooner.
func TestSilence(t *testing.T) {
	addr := testkit.Listen(t, (&receiver{t: t, answer: func(io.Writer, frame, int) error { return nil }}).serve)
	tr := open(t, relp.Destination{Addr: addr, AnswerTimeout: 50 * time.Millisecond})
	if err := testkit.Send(t, tr, numbered(2)); !errors.Is(err, ackconn.ErrSilent) {
		t.Errorf("want ErrSilent, got %v", err)
	}
	tr = open(t, relp.Destination{Addr: addr})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := tr.Send(ctx, numbered(2)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("want DeadlineExceeded, got %v", err)
	}
}

// Close ends the session in order.
func TestClose(t *testing.T) {
	closed := make(chan struct{})
	addr := testkit.Listen(t, (&receiver{t: t, closed: func() { close(closed) }}).serve)
	tr := open(t, relp.Destination{Addr: addr})
	if err := testkit.Send(t, tr, numbered(2)); err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	<-closed
}

// A session that has served its lifetime is closed in order, and the batch goes
// with a new one.
func TestLifetime(t *testing.T) {
	var sessions log
	addr := testkit.Listen(t, func(c net.Conn) {
		sessions.add("session")
		(&receiver{t: t, closed: func() { sessions.add("closed") }}).serve(c)
	})
	// With the default, a receiver that this machine keeps waiting for a second
	// would answer close after the next session has begun.
	tr := open(t, relp.Destination{Addr: addr, Lifetime: time.Nanosecond, CloseTimeout: 10 * time.Second})
	for range 2 {
		if err := testkit.Send(t, tr, numbered(2)); err != nil {
			t.Fatal(err)
		}
	}
	tr.Close()
	if got, want := fmt.Sprint(sessions.all()), "[session closed session closed]"; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// T28: the first Send after the receiver went away while nothing was sent.
func TestReceiverGoneWhileIdle(t *testing.T) {
	var seen log
	sessions := make(chan net.Conn, 2)
	addr := testkit.Listen(t, func(c net.Conn) {
		sessions <- c
		(&receiver{t: t, received: seen.add}).serve(c)
	})
	tr := open(t, relp.Destination{Addr: addr})
	if err := testkit.Send(t, tr, numbered(1)); err != nil {
		t.Fatal(err)
	}
	(<-sessions).Close()
	// Probe looks at once; Send does so after a second of quiet. A look lasts a
	// millisecond, which a busy machine may take away whole: then the next one tells.
	testkit.Until(t, func() bool { return tr.(transport.Prober).Probe(t.Context()) != nil })
	if err := testkit.Send(t, tr, numbered(2)); err != nil {
		t.Error(err)
	}
	if got := seen.all(); len(got) != 3 {
		t.Errorf("the receiver got %q", got)
	}
}
