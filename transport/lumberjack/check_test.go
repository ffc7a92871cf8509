package lumberjack_test

import (
	"net"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/lumberjack"
)

// One host of two is enough, which is said as a warning.
func TestCheck(t *testing.T) {
	up := testkit.Listen(t, func(c net.Conn) {
		if n, _ := c.Read(make([]byte, 1)); n > 0 {
			t.Error("something was sent")
		}
	})
	for _, c := range []struct {
		addrs []string
		want  string
	}{
		{[]string{up}, "name ok, connect ok, protocol skipped"},
		{[]string{testkit.Closed(t), up}, "name ok, connect warning, name ok, connect ok, protocol skipped"},
		{[]string{testkit.Closed(t)}, "name ok, connect failed, protocol skipped"},
	} {
		if found, got := testkit.Check(t, lumberjack.Destination{Addrs: c.addrs}); got != c.want {
			t.Errorf("%s, want %s: %v", got, c.want, found)
		}
	}
}
