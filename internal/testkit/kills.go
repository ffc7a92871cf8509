package testkit

import (
	"os"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// Kills is how often a receiver dies in a test of T27: 20 times, 100 at night.
func Kills() int {
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		return 100
	}
	return 20
}

// SendAll sends recs in batches of size at most, and again what has no answer,
// as a worker does, until all are accepted. It returns how many Sends that took.
func SendAll(t testing.TB, tr transport.Transport, recs []encode.Record, size int) (sends int) {
	t.Helper()
	for left := recs; len(left) > 0; sends++ {
		n := min(len(left), size)
		left = append(Unanswered(left[:n], Send(t, tr, left[:n])), left[n:]...)
	}
	return sends
}

// Unanswered is what a worker sends again after err.
func Unanswered(recs []encode.Record, err error) (again []encode.Record) {
	if err == nil {
		return nil
	}
	out := transport.Classify(err, len(recs))
	for i := range recs {
		if out.Batch == nil || out.Batch.Errs[i] != nil {
			again = append(again, recs[i])
		}
	}
	return again
}

// Copies checks that each of recs has come, by how often a receiver got each
// message, and returns how many came more than once.
func Copies(t testing.TB, recs []encode.Record, got map[string]int) (copies int) {
	t.Helper()
	for i := range recs {
		n := got[recs[i].Message]
		if n == 0 {
			t.Errorf("record %d is lost", i)
		}
		copies += n - 1
	}
	return copies
}
