package testkit

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/slogship/slogship/transport"
)

// Check opens d and lets its transport check itself. It returns the findings, and
// the steps with their verdicts as "name ok, connect failed". Each failure has to
// have an error and a remedy, and no finding may show one of secrets.
func Check(t testing.TB, d transport.Destination, secrets ...string) ([]transport.Finding, string) {
	t.Helper()
	tr, err := d.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	checker, ok := tr.(transport.Checker)
	if !ok {
		t.Fatalf("%T is no transport.Checker", tr)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	found := checker.Check(ctx)
	var steps []string
	for _, f := range found {
		steps = append(steps, f.Check+" "+f.Verdict.String())
		if f.Verdict == transport.Failed && (f.Err == nil || f.Remedy == "") {
			t.Errorf("%v has the error %v", f, f.Err)
		}
		for _, secret := range secrets {
			if strings.Contains(f.String(), secret) || f.Err != nil && strings.Contains(f.Err.Error(), secret) {
				t.Errorf("%v shows the secret %q", f, secret)
			}
		}
	}
	return found, strings.Join(steps, ", ")
}

// Closed returns an address of this machine where nothing listens until the test
// ends. The port is the near end of a connection: one that was merely free a moment
// ago may be the next one that the kernel gives to another test.
func Closed(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		near.Close()
		far.Close()
	})
	return near.LocalAddr().String()
}
