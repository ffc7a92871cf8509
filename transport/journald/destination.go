package journald

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// ErrConfig is wrapped by the errors of Open that are about a field.
var ErrConfig = errors.New("not a valid value")

// DefaultSocket is where journald listens.
const DefaultSocket = "/run/systemd/journal/socket"

// Destination is a journal of this machine. The zero Destination is the default
// one.
type Destination struct {
	// Socket is the path of journald's native socket. Default: DefaultSocket.
	Socket string

	// Encoder says how records become fields. Its zero value is the default.
	Encoder encode.Journal
}

var _ transport.Destination = Destination{}

// Open checks the fields. It does not look for the socket. On systems other than
// Linux the error wraps errors.ErrUnsupported.
func (d Destination) Open() (transport.Transport, error) {
	d.Socket = cmp.Or(d.Socket, DefaultSocket)
	if strings.IndexByte(d.Socket, 0) >= 0 || !strings.HasPrefix(d.Socket, "/") {
		return nil, fmt.Errorf("journald: Socket %q: want an absolute path: %w", d.Socket, ErrConfig)
	}
	if d.Encoder.MaxBytes < 0 {
		return nil, fmt.Errorf("journald: Encoder.MaxBytes %d: %w", d.Encoder.MaxBytes, ErrConfig)
	}
	if err := encode.Validate(d.Encoder); err != nil {
		return nil, fmt.Errorf("journald: Encoder: %w", err)
	}
	return open(d)
}
