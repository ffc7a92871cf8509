package relp_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/relp"
)

// bare writes the message and nothing else; an empty one is nothing at all.
type bare struct{}

func (bare) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	if rec.Message == "unencodable" {
		return dst, errUnencodable
	}
	return append(dst, rec.Message...), nil
}
func (bare) ContentType() string { return "text/plain" }

var errUnencodable = errors.New("the encoder refuses")

func records(messages ...string) []encode.Record {
	recs := make([]encode.Record, len(messages))
	for i, m := range messages {
		recs[i] = encode.Record{Message: m, Level: slog.LevelInfo, Resource: &encode.Resource{}}
	}
	return recs
}

func numbered(n int) []encode.Record {
	messages := make([]string, n)
	for i := range messages {
		messages[i] = fmt.Sprint("message ", i)
	}
	return records(messages...)
}

// log collects what a receiver takes.
type log struct {
	mu    sync.Mutex
	lines []string // guarded by mu
}

func (l *log) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *log) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
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

// open opens d to be closed before the receivers, whose end it is.
func open(t *testing.T, d relp.Destination) transport.Transport {
	t.Helper()
	if d.Encoder == nil {
		d.Encoder = bare{}
	}
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
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return tr.Send(ctx, recs)
}

// children returns each record's own answer.
func children(t *testing.T, err error, size int) []error {
	t.Helper()
	out := transport.Classify(err, size)
	if out.Batch == nil {
		t.Fatalf("want an answer for each record, got %v", err)
	}
	return out.Batch.Errs
}
