package preflight

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
)

func TestAnyHostWillDo(t *testing.T) {
	up, down := *host(t, testkit.Listen(t, mute), nil, nil), *host(t, testkit.Closed(t), nil, nil)
	found := Check(t.Context(), []Host{down, up})
	if len(found) != 4 || found[1].Verdict != transport.Warning || found[3].Verdict != transport.OK || !Passed(found) {
		t.Errorf("one is up: %v", found)
	}
	if found := Check(t.Context(), []Host{down, down}); Passed(found) {
		t.Errorf("none is up: %v", found)
	}
}

func TestThen(t *testing.T) {
	step := func() transport.Finding { return Good(Topic, "x", "there") }
	if got := Then([]transport.Finding{Warn(Name, "", "", "")}, Topic, "x", step); got[1].Verdict != transport.OK {
		t.Errorf("after a warning: %v", got)
	}
	if got := Then([]transport.Finding{{Verdict: transport.Failed}}, Topic, "x", step); got[1].Verdict != transport.Skipped || got[1].Check != Topic || got[1].Subject != "x" {
		t.Errorf("after a failure: %v", got)
	}
}

func TestSocket(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("sockets have no mode there")
	}
	path := filepath.Join(t.TempDir(), "s")
	try := func() error {
		c, err := net.Dial("unix", path)
		if err == nil {
			c.Close()
		}
		return err
	}
	check := func(want transport.Verdict, cause error) {
		t.Helper()
		if got := Socket(path, try); got[0].Verdict != want || cause != nil && !errors.Is(got[0].Err, cause) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	check(transport.Failed, os.ErrNotExist)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	check(transport.Failed, errNoSocket)
	os.Remove(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	check(transport.OK, nil)
	l.Close()
	check(transport.Failed, nil)
}
