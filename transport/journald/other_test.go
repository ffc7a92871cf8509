//go:build !linux

package journald_test

import (
	"errors"
	"testing"

	"github.com/slogship/slogship/transport/journald"
)

func TestUnsupported(t *testing.T) {
	if _, err := (journald.Destination{}).Open(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("want ErrUnsupported, got %v", err)
	}
}
