package testkit

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// patience is what a Send, or anything else that has to happen, may take on a
// busy machine. Nothing waits for as long but what fails.
const patience = time.Minute

// Open opens d and closes it with the test, before the receivers that were
// started earlier.
func Open(t testing.TB, d transport.Destination) transport.Transport {
	t.Helper()
	tr, err := d.Open()
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return tr
}

// Send is a Send that gets a minute.
func Send(t testing.TB, tr transport.Transport, recs []encode.Record) error {
	t.Helper()
	return SendWithin(t, tr, recs, patience)
}

// SendWithin is a Send that gets that long.
func SendWithin(t testing.TB, tr transport.Transport, recs []encode.Record, d time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	return tr.Send(ctx, recs)
}

// Deliver ends the test if Send fails.
func Deliver(t testing.TB, tr transport.Transport, recs []encode.Record) {
	t.Helper()
	if err := tr.Send(t.Context(), recs); err != nil {
		t.Fatalf("Send: %v", err)
	}
}

// Children returns each record's own answer.
func Children(t testing.TB, err error, size int) []error {
	t.Helper()
	out := transport.Classify(err, size)
	if out.Batch == nil {
		t.Fatalf("Send = %v, want an answer for each of %d records", err, size)
	}
	return out.Batch.Errs
}

// JSONMessage is the message of a line of encode.JSONLines, as package
// transporttest wants to know it: by encoding/json, a parser that is not ours.
func JSONMessage(line string) (string, error) {
	var fields struct{ Msg string }
	err := json.Unmarshal([]byte(line), &fields)
	return fields.Msg, err
}

// Until asks again until ok.
func Until(t testing.TB, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			t.Fatal("it never happens")
		}
		time.Sleep(time.Millisecond)
	}
}
