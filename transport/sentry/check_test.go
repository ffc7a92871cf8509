package sentry_test

import (
	"net"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/sentry"
)

// The server is reached, and gets no request.
func TestCheck(t *testing.T) {
	up := testkit.Listen(t, func(c net.Conn) {
		if n, _ := c.Read(make([]byte, 1)); n > 0 {
			t.Error("something was sent")
		}
	})
	for addr, want := range map[string]string{up: "name ok, connect ok, credentials skipped", testkit.Closed(t): "name ok, connect failed, credentials skipped"} {
		d := sentry.Destination{DSN: "http://" + testKey + "@" + addr + "/1", AllowPlaintext: true}
		if found, got := testkit.Check(t, d, testKey); got != want {
			t.Errorf("%s, want %s: %v", got, want, found)
		}
	}
}
