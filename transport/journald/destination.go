package journald

import (
	"cmp"
	"strings"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
)

// ErrConfig is wrapped by the errors of Open that are about a field.
var ErrConfig = option.ErrConfig

// DefaultSocket is where journald listens.
const DefaultSocket = "/run/systemd/journal/socket"

// Destination is a journal of this machine. The zero Destination is the default
// one.
type Destination struct {
	// Socket is the path of journald's native socket. Default:
	// "/run/systemd/journal/socket".
	Socket string

	// Encoder says how records become fields. Default: its zero value.
	Encoder encode.Journal
}

var _ transport.Destination = Destination{}

// Open checks the fields. It does not look for the socket. On systems other than
// Linux the error wraps errors.ErrUnsupported.
func (d Destination) Open() (transport.Transport, error) {
	d.Socket = cmp.Or(d.Socket, DefaultSocket)
	if err := option.Check("journald", option.Fields{
		{"Socket", d.Socket, strings.IndexByte(d.Socket, 0) >= 0 || !strings.HasPrefix(d.Socket, "/"), "an absolute path"},
		{"Encoder.MaxBytes", d.Encoder.MaxBytes, d.Encoder.MaxBytes < 0, "0 or more bytes"},
	}); err != nil {
		return nil, err
	}
	if err := option.Wrap("journald", "Encoder", encode.Validate(d.Encoder)); err != nil {
		return nil, err
	}
	return open(d)
}
