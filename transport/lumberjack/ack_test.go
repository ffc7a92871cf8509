package lumberjack_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/ackconn"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/lumberjack"
)

// Acks may come for parts of a window, again, and for nothing at all.
func TestPartialAcks(t *testing.T) {
	var got taken
	addr := testkit.Listen(t, (&receiver{t: t, received: got.add, answer: func(c net.Conn, _ []event, _ int) error {
		for _, seq := range []int{0, 0, 2, 2, 1, 0, 4, 5} {
			if err := ack(c, seq); err != nil {
				return err
			}
		}
		return nil
	}}).serve)
	tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{addr}})
	for from := 0; from < 15; from += 5 {
		if err := testkit.Send(t, tr, numbered(from, from+5)); err != nil {
			t.Fatal(err)
		}
	}
	if want := "[0 1 2 3 4] [5 6 7 8 9] [10 11 12 13 14]"; got.String() != want {
		t.Errorf("the receiver got %v, want %s", &got, want)
	}
}

// What breaks in the middle of a window leaves to be sent again what is not
// acknowledged, and the next Send begins there.
func TestResumesBehindTheLastAck(t *testing.T) {
	for name, end := range map[string]func(c net.Conn) error{
		"broken":            func(net.Conn) error { return io.EOF },
		"beyond the window": func(c net.Conn) error { return ack(c, 11) },
		"far beyond":        func(c net.Conn) error { return ack(c, 1<<32-1) },
		"other version":     func(c net.Conn) error { return say(c, "1A\x00\x00\x00\x0a") },
		"other frame":       func(c net.Conn) error { return say(c, "2W\x00\x00\x00\x0a") },
		"a part of a frame": func(c net.Conn) error { say(c, "2A\x00"); return io.EOF },
		"much of nothing":   func(c net.Conn) error { return say(c, string(bytes.Repeat([]byte{0}, 1<<20))) },
	} {
		t.Run(name, func(t *testing.T) {
			var got taken
			addr := testkit.Listen(t, (&receiver{t: t, received: got.add, answer: func(c net.Conn, events []event, _ int) error {
				if len(events) < 10 {
					return ack(c, len(events))
				}
				if err := ack(c, 4); err != nil {
					return err
				}
				return end(c)
			}}).serve)
			tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{addr}})
			wantAccepted(t, testkit.Send(t, tr, numbered(0, 10)), 4, 10)
			if err := testkit.Send(t, tr, numbered(4, 10)); err != nil {
				t.Fatal(err)
			}
			if want := "[0 1 2 3 4 5 6 7 8 9] [4 5 6 7 8 9]"; got.String() != want {
				t.Errorf("the receiver got %v, want %s", &got, want)
			}
		})
	}
}

func say(w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}

// A receiver that is at work says so, and is waited for, however long that is
// beyond AnswerTimeout. One that says nothing is given up.
func TestKeepAlive(t *testing.T) {
	const patience = 6 * time.Second // shorter than nine ticks; a busy machine may be late with one by most of it
	for name, seqs := range map[string][]int{"zeros": {0, 0, 0, 0, 0, 0, 0, 0, 3}, "the same": {1, 1, 1, 1, 1, 1, 1, 1, 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := testkit.Listen(t, (&receiver{t: t, answer: func(c net.Conn, _ []event, _ int) error {
				tick := time.NewTicker(patience / 8)
				defer tick.Stop()
				for _, seq := range seqs {
					<-tick.C
					if err := ack(c, seq); err != nil {
						return err
					}
				}
				return nil
			}}).serve)
			tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{addr}, AnswerTimeout: patience})
			if err := testkit.Send(t, tr, numbered(0, 3)); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("silence", func(t *testing.T) {
		t.Parallel()
		addr := testkit.Listen(t, (&receiver{t: t, answer: func(net.Conn, []event, int) error { return nil }}).serve)
		tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{addr}, AnswerTimeout: patience})
		if err := testkit.Send(t, tr, numbered(0, 3)); !errors.Is(err, ackconn.ErrSilent) {
			t.Errorf("want ErrSilent, got %v", err)
		}
	})
}

// A Send that ends with its ctx leaves the window; the next one brings what is
// left, and waits instead of sending it again. Records behind go in a window of
// their own.
func TestSendGoesOnWaiting(t *testing.T) {
	t.Parallel()
	var got taken
	acks, arrived := make(chan int), make(chan struct{})
	addr := testkit.Listen(t, (&receiver{t: t, received: got.add, answer: func(c net.Conn, events []event, window int) error {
		if window == 0 {
			close(arrived)
		} else {
			return ack(c, len(events))
		}
		for seq := range acks {
			if err := ack(c, seq); err != nil {
				return err
			}
			if seq == len(events) {
				return nil
			}
		}
		return nil
	}}).serve)
	tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{addr}})
	t.Cleanup(func() { close(acks) })

	const short = time.Second // for an ack that has been said already
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	err := tr.Send(ctx, numbered(0, 10))
	if wantAccepted(t, err, 0, 10); !errors.Is(err, context.Canceled) {
		t.Fatalf("want Canceled, got %v", err)
	}
	acks <- 3
	wantAccepted(t, testkit.SendWithin(t, tr, numbered(0, 10), short), 3, 10)
	acks <- 0
	wantAccepted(t, testkit.SendWithin(t, tr, numbered(3, 10), short), 0, 7)
	go func() { acks <- 7; acks <- 10 }()
	if err := testkit.Send(t, tr, numbered(3, 12)); err != nil {
		t.Fatal(err)
	}
	if want := "[0 1 2 3 4 5 6 7 8 9] [10 11]"; got.String() != want {
		t.Errorf("the receiver got %v, want %s", &got, want)
	}
}

// Other records than those that are waited for are sent at once, on a new
// connection: the acks of the old one are not theirs.
func TestOtherRecordsDoNotGoOnWaiting(t *testing.T) {
	t.Parallel()
	for name, next := range map[string][2]int{"fewer": {0, 5}, "others": {1, 11}, "behind": {10, 20}} {
		t.Run(name, func(t *testing.T) {
			var got taken
			addr := testkit.Listen(t, (&receiver{t: t, received: got.add, answer: func(c net.Conn, events []event, _ int) error {
				if len(events) == 10 && strings.Contains(events[0].json, `"message":"0"`) {
					return nil // the first window is never answered
				}
				return ack(c, len(events))
			}}).serve)
			tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{addr}})
			wantAccepted(t, testkit.SendWithin(t, tr, numbered(0, 10), 300*time.Millisecond), 0, 10)
			if err := testkit.Send(t, tr, numbered(next[0], next[1])); err != nil {
				t.Fatal(err)
			}
			windows := got.windowsSeen()
			if last := windows[len(windows)-1]; len(last) != next[1]-next[0] || last[0] != fmt.Sprint(next[0]) {
				t.Errorf("the receiver got %v", &got)
			}
		})
	}
}

// An ack that comes behind the end of a window, in one piece with it, is not
// taken for one of the next window.
func TestStaleAck(t *testing.T) {
	addr := testkit.Listen(t, (&receiver{t: t, answer: func(c net.Conn, _ []event, window int) error {
		if window == 0 {
			return say(c, "2A\x00\x00\x00\x05"+"2A\x00\x00\x00\x05"+"2A\x00\x00\x00\x00")
		}
		return io.EOF // takes nothing
	}}).serve)
	tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{addr}})
	if err := testkit.Send(t, tr, numbered(0, 5)); err != nil {
		t.Fatal(err)
	}
	wantAccepted(t, testkit.Send(t, tr, numbered(5, 10)), 0, 5)
}

// T28: the first Send after the receiver went away while nothing was sent.
func TestReceiverGoneWhileIdle(t *testing.T) {
	conns := make(chan net.Conn, 2)
	addr := testkit.Listen(t, func(c net.Conn) {
		conns <- c
		(&receiver{t: t}).serve(c)
	})
	tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{addr}})
	if err := testkit.Send(t, tr, numbered(0, 1)); err != nil {
		t.Fatal(err)
	}
	(<-conns).Close()
	// A look lasts a millisecond, which a busy machine may take away whole: then the
	// next one tells.
	testkit.Until(t, func() bool { return tr.(transport.Prober).Probe(t.Context()) != nil })
	if err := testkit.Send(t, tr, numbered(1, 2)); err != nil {
		t.Error(err)
	}
}
