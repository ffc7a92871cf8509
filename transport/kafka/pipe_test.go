//go:build linux || darwin || freebsd

package kafka_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/slogship/slogship/transport/kafka"
)

// A password's file that is a named pipe, which nobody writes to, is refused and
// not waited for: neither Open nor a Send could end it.
func TestPasswordFromPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	opened := make(chan error, 1)
	go func() {
		_, err := kafka.Destination{Brokers: []string{"127.0.0.1:1"}, Topic: "logs", SASL: &kafka.SASL{Username: "shop", PasswordFile: path}}.Open()
		opened <- err
	}()
	select {
	case err := <-opened:
		if !errors.Is(err, kafka.ErrCredentials) {
			t.Errorf("want ErrCredentials, got %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Open waits for the pipe")
	}
}
