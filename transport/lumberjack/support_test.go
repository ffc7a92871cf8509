package lumberjack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/lumberjack"
)

// numbered returns the records from to to-1, each with its number as message
// and in its ID.
func numbered(from, to int) []encode.Record {
	var recs []encode.Record
	for i := from; i < to; i++ {
		recs = append(recs, encode.Record{
			ID: encode.ID{1, byte(i >> 8), byte(i)}, Time: time.Unix(int64(i), 0), Message: fmt.Sprint(i), Resource: &encode.Resource{},
		})
	}
	return recs
}

// taken collects the messages that a receiver took, window by window.
type taken struct {
	mu      sync.Mutex
	windows [][]string // guarded by mu
}

func (l *taken) add(events []event) {
	var window []string
	for _, e := range events {
		var doc struct{ Message string }
		if err := json.Unmarshal([]byte(e.json), &doc); err != nil {
			doc.Message = err.Error()
		}
		window = append(window, doc.Message)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.windows = append(l.windows, window)
}

// String is like "[0 1 2] [3 4]".
func (l *taken) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := fmt.Sprint(l.windows)
	return s[1 : len(s)-1]
}

// listen serves each connection with handle until the test ends.
func listen(t *testing.T, handle func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, l, handle)
	return l.Addr().String()
}

func serve(t *testing.T, l net.Listener, handle func(net.Conn)) {
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
}

// open opens d, to be closed before the receivers, whose end that is.
func open(t *testing.T, d lumberjack.Destination) transport.Transport {
	t.Helper()
	tr, err := d.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// send is a Send that gets ten seconds.
func send(t *testing.T, tr transport.Transport, recs []encode.Record) error {
	t.Helper()
	return sendWithin(t, tr, recs, 10*time.Second)
}

func sendWithin(t *testing.T, tr transport.Transport, recs []encode.Record, d time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	return tr.Send(ctx, recs)
}

// wantAccepted checks that err accepts the first n of size records, and asks
// for the others again.
func wantAccepted(t *testing.T, err error, n, size int) {
	t.Helper()
	out := transport.Classify(err, size)
	if n == 0 {
		if err == nil || out.Batch != nil || out.Permanent || out.TooLarge {
			t.Fatalf("want a plain error, got %v", err)
		}
		return
	}
	if out.Batch == nil {
		t.Fatalf("want an answer for each record, got %v", err)
	}
	for i, child := range out.Batch.Errs {
		if (child == nil) != (i < n) || transport.Classify(child, 1).Permanent {
			t.Errorf("record %d of %d, %d accepted: %v", i, size, n, child)
		}
	}
}

func (l *taken) windowsSeen() [][]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([][]string(nil), l.windows...)
}
