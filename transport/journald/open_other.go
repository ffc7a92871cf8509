//go:build !linux

package journald

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/slogship/slogship/transport"
)

func open(Destination) (transport.Transport, error) {
	return nil, fmt.Errorf("journald: open on %s: there is no journal: %w", runtime.GOOS, errors.ErrUnsupported)
}
