package main

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestRun: the receiver prints both records as its own loggers do, the error's text
// below the message.
func TestRun(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	receiver := exec.Command(python, "receiver.py", "0")
	out, err := receiver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	end := time.AfterFunc(time.Minute, func() { _ = receiver.Process.Kill() })
	defer func() {
		end.Stop()
		_ = receiver.Process.Kill() // it may have ended
		_ = receiver.Wait()
	}()
	lines := bufio.NewScanner(out)
	lines.Scan()
	port, ok := strings.CutPrefix(lines.Text(), "listening on ")
	if !ok {
		t.Fatalf("the receiver says %q", lines.Text())
	}
	if err := run(t.TempDir(), destination("127.0.0.1:"+port)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" INFO root: 100 % of it paid [shop ", " ERROR root: order failed [shop ", "*errors.errorString: payment refused"} {
		if lines.Scan(); !strings.Contains(lines.Text(), want) {
			t.Errorf("the receiver prints %q, want %q", lines.Text(), want)
		}
	}
}
