package lumberjack_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
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

func (l *taken) windowsSeen() [][]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([][]string(nil), l.windows...)
}

// String is like "[0 1 2] [3 4]".
func (l *taken) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := fmt.Sprint(l.windows)
	return s[1 : len(s)-1]
}

// wantAccepted checks that err accepts the first n of size records, and asks
// for the others again.
func wantAccepted(t *testing.T, err error, n, size int) {
	t.Helper()
	if n == 0 {
		if out := transport.Classify(err, size); err == nil || out.Batch != nil || out.Permanent || out.TooLarge {
			t.Fatalf("want a plain error, got %v", err)
		}
		return
	}
	for i, child := range testkit.Children(t, err, size) {
		if (child == nil) != (i < n) || transport.Classify(child, 1).Permanent {
			t.Errorf("record %d of %d, %d accepted: %v", i, size, n, child)
		}
	}
}
