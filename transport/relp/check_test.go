package relp_test

import (
	"net"
	"sync/atomic"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/relp"
)

// The session is opened and closed, and no record is in it.
func TestCheck(t *testing.T) {
	var ended atomic.Int32
	r := receiver{t: t, received: func(m string) { t.Errorf("the record %q arrived", m) }, closed: func() { ended.Add(1) }}
	if found, got := testkit.Check(t, relp.Destination{Addr: testkit.Listen(t, r.serve)}); got != "name ok, connect ok, protocol ok" {
		t.Errorf("a receiver: %v", found)
	}
	testkit.Until(t, func() bool { return ended.Load() == 1 })
	if _, got := testkit.Check(t, relp.Destination{Addr: testkit.Closed(t)}); got != "name ok, connect failed, protocol skipped" {
		t.Errorf("none: %s", got)
	}
	other := testkit.Listen(t, func(c net.Conn) { c.Write([]byte("220 a mail server\r\n")); c.Read(make([]byte, 64)) })
	if _, got := testkit.Check(t, relp.Destination{Addr: other}); got != "name ok, connect ok, protocol failed" {
		t.Errorf("another protocol: %s", got)
	}
}
