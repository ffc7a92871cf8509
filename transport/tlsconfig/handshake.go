package tlsconfig

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"

	"github.com/slogship/slogship/transport"
)

// Handshake does the client's side of TLS on socket, with the files as they are
// now. host is what was dialled, without a port. The version returned is what
// [Client.Version] says of these files. An error is a *[HandshakeError], and socket
// is the caller's to close.
func (c *Client) Handshake(ctx context.Context, socket net.Conn, host string) (*tls.Conn, uint64, error) {
	config, version := c.current(host)
	// Small records first are for pages that render as they load. Here they
	// would cost a third of a busy core.
	config.DynamicRecordSizingDisabled = true
	conn := tls.Client(socket, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, 0, c.Explain(err)
	}
	c.Warn(ctx, host)
	return conn, version, nil
}

// Insecure reports whether connections are not verified.
func (c *Client) Insecure() bool { return c.insecure }

// Warn says over [transport.Warn] that the connection just made to host is not
// verified, if so it is. Handshake calls it; an adapter whose handshakes are
// another library's calls it after each.
func (c *Client) Warn(ctx context.Context, host string) {
	if c.insecure {
		transport.Warn(ctx, "the server's certificate is not verified: whoever answers gets the records",
			slog.String("server", host), slog.String("tls.insecure", AcceptAnyServer))
	}
}
