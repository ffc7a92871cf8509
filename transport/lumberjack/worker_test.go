package lumberjack_test

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/lumberjack"
)

// A Logstash that needs much longer than a Send may take, and says that it is at
// work, gets each record once from the real worker: each of its Sends goes on
// waiting where the last one ended.
func TestSlowReceiverGetsNothingTwice(t *testing.T) {
	const sendTimeout, needs, most = 50 * time.Millisecond, 600 * time.Millisecond, 50
	var got taken
	addr := testkit.Listen(t, (&receiver{t: t, received: got.add, answer: func(c net.Conn, events []event, _ int) error {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for began := time.Now(); time.Since(began) < needs; <-tick.C {
			if err := ack(c, 0); err != nil {
				return err
			}
		}
		return ack(c, len(events))
	}}).serve)
	h, err := handler.New([]route.Route{{
		Name: "elk", To: lumberjack.Destination{Addrs: []string{addr}},
		SendTimeout: sendTimeout, Buffer: route.Buffer{StallTimeout: time.Minute},
		Backoff: route.Backoff{InitialInterval: time.Millisecond, MaxInterval: time.Millisecond},
	}}, &handler.Options{Dir: t.TempDir(), OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(h)
	for range most {
		log.Info("m")
	}
	// Close gives a destination that is down only so long; here it looks down
	// until the acks have come.
	for deadline := time.Now().Add(20 * time.Second); h.Stats().Routes[0].Delivered < most; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not all records were taken")
		}
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	records := 0
	for _, w := range got.windowsSeen() {
		records += len(w)
	}
	if records != most {
		t.Errorf("%d records were logged, %d arrived, in %d windows", most, records, len(got.windowsSeen()))
	}
}
