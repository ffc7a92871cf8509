package relp_test

import (
	"net"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/relp"
)

// A receiver that writes each answer by itself, with Nagle's algorithm on, as
// librelp does, is not held up by our kernel's delayed confirmations: 1,000
// windows would take 40 ms each, and Send has half of that.
func TestAnswersAreNotHeldUp(t *testing.T) {
	addr := testkit.Listen(t, func(c net.Conn) {
		if err := c.(*net.TCPConn).SetNoDelay(false); err != nil {
			t.Error(err)
		}
		(&receiver{t: t}).serve(c)
	})
	tr := open(t, relp.Destination{Addr: addr, Window: 10})
	if err := testkit.SendWithin(t, tr, numbered(10_000), 20*time.Second); err != nil {
		t.Fatal(err)
	}
}
