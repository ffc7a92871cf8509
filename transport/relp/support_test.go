package relp_test

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
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

// open is testkit.Open with an Encoder whose messages are easy to compare.
func open(t *testing.T, d relp.Destination) transport.Transport {
	t.Helper()
	if d.Encoder == nil {
		d.Encoder = bare{}
	}
	return testkit.Open(t, d)
}
