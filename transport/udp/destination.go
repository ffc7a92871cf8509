package udp

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/hostaddr"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
)

// Errors that tests and programs can tell from others.
var (
	// ErrConfig is wrapped by the errors of Open that are about a field.
	ErrConfig = option.ErrConfig
	// ErrOversize is why a record was refused that does not fit MaxDatagram, or 128
	// chunks of it, or what the kernel takes.
	ErrOversize = errors.New("too long for a datagram")
)

// Defaults and limits of Destination's fields.
const (
	DefaultMaxDatagram  = 65_507 // the most that UDP over IPv4 can carry
	DefaultResolveEvery = 30 * time.Second

	maxLocalSize = 1 << 20 // of unixgram; the kernel's own limit is lower
)

// Oversize is what happens to a record that does not fit into a datagram.
type Oversize uint8

// The policies.
const (
	// Refuse makes the record permanent: it goes to the route's dead letter.
	Refuse Oversize = 0
	// Truncate sends its first bytes, as many as fit, less what would be half a
	// UTF-8 character. Text stays readable; JSON does not parse any more.
	Truncate Oversize = 1
)

// String returns the policy's name.
func (o Oversize) String() string {
	switch o {
	case Refuse:
		return "Refuse"
	case Truncate:
		return "Truncate"
	default:
		return fmt.Sprintf("Oversize(%d)", uint8(o))
	}
}

// Destination is a receiver of datagrams. Only Addr is required.
type Destination struct {
	// Addr is "host:port", or with Network "unixgram" the socket's path.
	// Required.
	Addr string

	// Network is "udp" (the default), "udp4", "udp6" or "unixgram".
	Network string

	// Encoder is the format. Default: encode.JSONLines.
	Encoder encode.Encoder

	// MaxDatagram is the most bytes of one datagram. Default 65,507, which is also
	// the most, but for unixgram (1 MiB, if the kernel lets it). 1,432 fits one
	// packet on nearly every path. With Chunks the default is 8,192, a chunk's
	// header of 12 bytes included.
	MaxDatagram int

	// Chunks says how a longer record is spread over several datagrams. Default:
	// NoChunks. Not for unixgram.
	Chunks Chunking

	// Oversize says what happens to a record that is longer than MaxDatagram, with
	// Chunks longer than 128 of them. Default: Refuse.
	Oversize Oversize

	// ResolveEvery is how often Addr's name is resolved anew; the socket stays
	// if its address is still among the answers. Default 30 s, negative: only
	// after an error. Not for unixgram.
	ResolveEvery time.Duration

	// SendBuffer is the size that is asked of the kernel for the socket
	// (SO_SNDBUF), in bytes. Default 0: the kernel's own.
	SendBuffer int

	// Resolver resolves Addr. Default: net.DefaultResolver.
	Resolver *net.Resolver
}

var _ transport.Destination = Destination{}

// Open checks the fields. It does not resolve or connect.
func (d Destination) Open() (transport.Transport, error) {
	d, err := d.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &sender{dest: d}
	if d.Network == "unixgram" {
		return t, nil
	}
	if t.host, err = hostaddr.Parse(d.Network, d.Addr, d.Resolver); err != nil {
		return nil, option.Wrap("udp", "Addr", err)
	}
	return t, nil
}

// withDefaults is the one place where fields are checked and defaults applied.
func (d Destination) withDefaults() (Destination, error) {
	d.Network = cmp.Or(d.Network, "udp")
	if d.Encoder == nil {
		d.Encoder = encode.JSONLines{}
	}
	if d.Chunks == GELF {
		d.MaxDatagram = cmp.Or(d.MaxDatagram, gelfMaxDatagram)
	}
	d.MaxDatagram = cmp.Or(d.MaxDatagram, DefaultMaxDatagram)
	d.ResolveEvery = cmp.Or(d.ResolveEvery, DefaultResolveEvery)
	return d, d.validate()
}

func (d *Destination) validate() error {
	if err := option.Wrap("udp", "Encoder", encode.Validate(d.Encoder)); err != nil {
		return err
	}
	known, least, most := false, 1, DefaultMaxDatagram
	switch d.Network {
	case "udp", "udp4", "udp6":
		known = true
	case "unixgram":
		known, most = true, maxLocalSize
	}
	if d.Chunks == GELF {
		least = chunkHeader + 1
	}
	return option.Check("udp", option.Fields{
		{"Network", d.Network, !known, "udp, udp4, udp6 or unixgram"},
		{"Addr", d.Addr, d.Addr == "", "host:port, or a socket's path with Network unixgram"},
		{"MaxDatagram", d.MaxDatagram, d.MaxDatagram < least || d.MaxDatagram > most, fmt.Sprintf("%d to %d bytes", least, most)},
		{"Oversize", d.Oversize, d.Oversize > Truncate, "Refuse or Truncate"},
		{"Chunks", d.Chunks, d.Chunks > GELF || d.Chunks == GELF && d.Network == "unixgram", "NoChunks, or GELF but for unixgram"},
		{"SendBuffer", d.SendBuffer, d.SendBuffer < 0, "0 or more bytes"},
	})
}
