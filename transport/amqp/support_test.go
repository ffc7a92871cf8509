package amqp_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/amqp"
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

// records have IDs, the same for the same place in the list.
func records(messages ...string) []encode.Record {
	recs := make([]encode.Record, len(messages))
	for i, m := range messages {
		recs[i] = encode.Record{
			ID: encode.ID{0: 1, 6: 0x70, 8: 0x80, 14: byte((i + 1) >> 8), 15: byte(i + 1)}, Message: m, Level: slog.LevelInfo,
			Time: time.Unix(1_700_000_000, 5), Resource: &encode.Resource{},
		}
	}
	return recs
}

func numbered(n int) []encode.Record {
	messages := make([]string, n)
	for i := range messages {
		messages[i] = fmt.Sprint("m", i)
	}
	return records(messages...)
}

// inbox collects what a broker takes.
type inbox struct {
	mu       sync.Mutex
	messages []message // guarded by mu
}

func (l *inbox) add(m message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages = append(l.messages, m)
}

func (l *inbox) all() []message {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]message(nil), l.messages...)
}

// open opens d to be closed before the broker, whose end it is.
func open(t *testing.T, d amqp.Destination) transport.Transport {
	t.Helper()
	if d.Encoder == nil {
		d.Encoder = bare{}
	}
	if d.RoutingKey == "" && d.Exchange == "" {
		d.RoutingKey = "queue"
	}
	d.CloseTimeout = 200 * time.Millisecond
	d.ConnectTimeout = cmp.Or(d.ConnectTimeout, 30*time.Second) // several hosts share it, and the machine
	tr, err := d.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// send is a Send that gets half a minute.
func send(t *testing.T, tr transport.Transport, recs []encode.Record) error {
	t.Helper()
	return sendWithin(t, tr, recs, 30*time.Second)
}

func sendWithin(t *testing.T, tr transport.Transport, recs []encode.Record, d time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
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

// left returns what a worker would send again after err.
func left(recs []encode.Record, err error) (again []encode.Record) {
	if err == nil {
		return nil
	}
	out := transport.Classify(err, len(recs))
	if out.Batch == nil {
		return recs
	}
	for i, err := range out.Batch.Errs {
		if err != nil {
			again = append(again, recs[i])
		}
	}
	return again
}

// plain reports whether err asks for the same again, and nothing else.
func plain(err error) bool { return err != nil && transport.Classify(err, 1) == transport.Outcome{} }

func permanent(err error) bool { return transport.Classify(err, 1).Permanent }

// code is the broker's own, in err's chain.
func code(err error) int {
	if said, ok := errors.AsType[*amqp.Error](err); ok {
		return said.Code
	}
	return 0
}

// until asks again until ok, within what a busy machine may need.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatal("it never happens")
		}
		time.Sleep(time.Millisecond)
	}
}
