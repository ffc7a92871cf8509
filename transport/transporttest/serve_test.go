package transporttest

import (
	"io"
	"net"
	"testing"
	"time"
)

// A receiver that comes back waits for whoever has its port by then.
func TestRestartWaitsForItsPort(t *testing.T) {
	p := newPeer()
	addr := ServeTCP(t, p, func(c net.Conn) { io.WriteString(c, "here") })
	p.Kill()
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("a killed receiver can be connected to")
	}
	other, err := net.Listen("tcp", addr)
	if err != nil {
		t.Skipf("somebody was faster: %v", err)
	}
	time.AfterFunc(50*time.Millisecond, func() { other.Close() })
	p.Restart()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, err := io.ReadAll(conn); string(got) != "here" {
		t.Errorf("%q, %v", got, err)
	}
}

// What the cases count on: a Send that ends with its deadline alone is not
// prompt, and one that must not be answered has the time to reach the receiver.
func TestBounds(t *testing.T) {
	for _, quick := range []bool{false, true} {
		b := (&Harness{quick: quick}).bounds()
		if b.promptly >= b.send || b.patience <= 0 || b.arrival <= 0 {
			t.Errorf("quick %v: %+v", quick, b)
		}
	}
}
