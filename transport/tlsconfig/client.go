package tlsconfig

import (
	"crypto/tls"
	"errors"
	"sync"
	"time"
)

// lookEvery is how often Version looks at the files. A rotated file is known to
// it that much later at most; Config, called once per connection, always looks.
const lookEvery = 5 * time.Second

// Client makes the tls.Config of each connection. It is safe for concurrent
// use, starts no goroutine and needs no Close.
type Client struct {
	base       *tls.Config // never changed, cloned for each connection
	serverName string      // from Options; "" for the host that is dialled
	insecure   bool        // Options.Insecure is set

	mu      sync.Mutex // guards what follows
	ca      caFile
	pair    pairFiles
	version uint64
	looked  time.Time
	err     error // of the last look at the files
}

// Client checks o and reads its files. A nil o is the defaults. The error names
// the field or the file; it holds nothing of the file's contents.
func (o *Options) Client() (*Client, error) {
	if o == nil {
		o = &Options{}
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	c := &Client{
		base:       o.base(),
		serverName: o.ServerName,
		insecure:   o.Insecure == AcceptAnyServer,
		ca:         caFile{path: o.CAFile},
		pair:       pairFiles{cert: o.CertFile, key: o.KeyFile},
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lookLocked(); c.err != nil {
		return nil, c.err
	}
	return c, nil
}

// Config returns a configuration for one connection to serverName (a host name
// or an IP address, without a port), which the caller owns. It reads the files
// again first. Options.ServerName, then Options.Config.ServerName, win over
// serverName; with all three empty the caller has to set ServerName before the
// handshake, as net/http does.
//
// A config that serves many connections (http.Transport.TLSClientConfig) gets
// rotated client certificates by itself, in each handshake, but not a rotated
// CAFile: make a new one when [Client.Version] has changed.
func (c *Client) Config(serverName string) *tls.Config {
	config, _ := c.current(serverName)
	return config
}

// current is Config, and what Version says of the files that it was made of. The two
// are one step: another connection that looks in between would give this one the
// number of files that it does not have, and nobody would make it anew.
func (c *Client) current(serverName string) (*tls.Config, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lookLocked()
	config := c.base.Clone()
	if c.ca.pool != nil {
		config.RootCAs = c.ca.pool
	}
	if c.pair.current != nil {
		config.Certificates = nil // GetClientCertificate wins; nobody should wonder
		config.GetClientCertificate = c.clientCertificate
	}
	switch {
	case c.serverName != "":
		config.ServerName = c.serverName
	case config.ServerName == "":
		config.ServerName = serverName
	}
	return config, c.version
}

// clientCertificate is called in the handshake, so that a configuration that
// lives long still presents the newest certificate.
func (c *Client) clientCertificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lookLocked()
	return c.pair.current, nil
}

// Version returns a number that grows when a file has got new contents which
// are in use now. Who holds connections for long compares it from time to time,
// to connect again with the new certificate. It looks at the files at most
// every 5 s.
func (c *Client) Version() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) >= lookEvery {
		c.lookLocked()
	}
	return c.version
}

// Err says why the files, as they were when last looked at, are not what is in
// use; nil if they are. A handshake that fails is worth wrapping with it.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// lookLocked reads the files and takes over what is new and whole.
func (c *Client) lookLocked() {
	newCA, errCA := c.ca.look()
	newPair, errPair := c.pair.look()
	if newCA || newPair {
		c.version++
	}
	c.looked = time.Now()
	c.err = errors.Join(errCA, errPair)
}
