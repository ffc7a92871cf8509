package group

import (
	"errors"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
)

// What is remembered of batches without a quorum is bounded, and gone when they
// have one.
func TestVotesThatAreKept(t *testing.T) {
	up, down := memory.New(), memory.New()
	down.Fail(errors.New("down"))
	q, err := Quorum{Members: []transport.Destination{up, down}, HeartbeatInterval: -1}.open()
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	q.memory.room = 20
	most := 0
	var recs []encode.Record
	for i := range 1000 {
		recs = nil
		for k := range 10 {
			recs = append(recs, encode.Record{ID: encode.ID{byte(i >> 8), byte(i), byte(k)}})
		}
		if err := q.Send(t.Context(), recs); !errors.Is(err, ErrQuorum) {
			t.Fatalf("Send: %v", err)
		}
		most = max(most, len(q.memory.byID))
	}
	if most > 20 || most < 10 {
		t.Errorf("votes of up to %d records were kept", most)
	}
	before := len(q.memory.byID)
	down.Fail(nil)
	if err := q.Send(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	if len(q.memory.byID) != before-10 {
		t.Errorf("%d of %d votes are kept when 10 records have a quorum", len(q.memory.byID), before)
	}
}
