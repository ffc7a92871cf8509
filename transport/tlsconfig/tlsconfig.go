// Package tlsconfig is the TLS configuration that the adapters share: data
// with safe defaults, and files that may change while the process runs.
//
// The zero [Options] is TLS 1.3, the system's certificate authorities, and a
// server whose name is checked. Each step below that has a name of its own:
// AllowTLS12, Insecure.
//
// # Rotation
//
// CAFile, CertFile and KeyFile are read again for each connection, so a
// rotated certificate is in use with the next one, without a restart. What
// does not parse, or a certificate that does not fit its key because only one
// of the two has been written yet, is left alone: the previous contents stay in
// use and [Client.Err] says why. The files may be symbolic links, as mounted
// secrets are.
//
// The system's own authorities are read once per process by crypto/tls; to
// rotate an authority without a restart, name it in CAFile.
package tlsconfig

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// AcceptAnyServer is the one value of Options.Insecure besides "".
const AcceptAnyServer = "accept any server"

// Errors that Open functions wrap, to tell one refused configuration from
// another.
var (
	// ErrPair: CertFile without KeyFile, or the other way round.
	ErrPair = errors.New("a certificate needs its key and a key its certificate")
	// ErrOldTLS: a Config that goes below TLS 1.3 without AllowTLS12, or below 1.2.
	ErrOldTLS = errors.New("older than TLS 1.3: set AllowTLS12 if the server has nothing newer than TLS 1.2")
	// ErrInsecure: a way to skip the server's verification that does not say so.
	ErrInsecure = errors.New("the server would not be verified")
	// ErrKeyMode: users other than its owner may read the private key.
	ErrKeyMode = errors.New("others may read the private key")
	// ErrWeakKey: the server's certificate has a key that can be broken: RSA below
	// 2048 bits, or a curve below 256.
	ErrWeakKey = errors.New("the key is too short")
	// ErrPEM: no certificate in the file, or one that is cut off.
	ErrPEM = errors.New("not a complete list of PEM certificates")
)

// Options says how to speak TLS to a destination. The zero value, and a nil
// *Options, are the safe defaults.
type Options struct {
	// CAFile names a PEM file with the authorities that may sign the server's
	// certificate, in place of the system's (or Config.RootCAs).
	// Default: the system's.
	CAFile string

	// CertFile and KeyFile name the PEM files of the client certificate and its
	// private key, both or neither. On Unix the key may be readable by its
	// owner only, or by its group if root owns it, as Kubernetes mounts a secret
	// with defaultMode 0440 and an fsGroup; a key that others may read is
	// refused with ErrKeyMode. Default: none.
	CertFile string
	KeyFile  string

	// ServerName is the name that the server's certificate must carry. Default:
	// the host that is dialled.
	ServerName string

	// AllowTLS12 lets a server that has nothing newer speak TLS 1.2, with the
	// forward-secret authenticated suites alone (ECDHE with AES-GCM or
	// ChaCha20-Poly1305). Versions below 1.2 cannot be had.
	AllowTLS12 bool

	// Insecure set to AcceptAnyServer, "accept any server", switches the server's
	// verification off: whoever answers gets the records. Default: verified. It is
	// a sentence rather than a bool so that no stray "true" sets it and a reader of
	// the configuration sees it. Each connection made so is told as a WARN record
	// on its route (transport.Warn).
	Insecure string

	// Config is what to start from, for what has no field here (a certificate
	// in memory or in hardware, VerifyConnection, RootCAs). It is cloned, and
	// the fields above win. Its MinVersion may be 1.2 only with AllowTLS12, and
	// its InsecureSkipVerify may be set only with a VerifyConnection or
	// VerifyPeerCertificate that does the work. Default: none.
	Config *tls.Config `json:"-"`
}

// validate refuses what would be less safe than it looks.
func (o *Options) validate() error {
	if (o.CertFile == "") != (o.KeyFile == "") {
		return fmt.Errorf("tlsconfig: CertFile %q, KeyFile %q: %w", o.CertFile, o.KeyFile, ErrPair)
	}
	if o.Insecure != "" && o.Insecure != AcceptAnyServer {
		return fmt.Errorf("tlsconfig: Insecure %q: only %q is known: %w", o.Insecure, AcceptAnyServer, ErrInsecure)
	}
	c := o.Config
	if c == nil {
		return nil
	}
	if c.InsecureSkipVerify && o.Insecure == "" && c.VerifyConnection == nil && c.VerifyPeerCertificate == nil {
		return fmt.Errorf("tlsconfig: Config.InsecureSkipVerify without a verification of its own: set Insecure to %q if it is meant: %w", AcceptAnyServer, ErrInsecure)
	}
	for _, v := range []uint16{c.MinVersion, c.MaxVersion} {
		if v != 0 && v < o.oldest() {
			return fmt.Errorf("tlsconfig: Config asks for %s: %w", tls.VersionName(v), ErrOldTLS)
		}
	}
	return nil
}

// oldest is the oldest version that may be spoken.
func (o *Options) oldest() uint16 {
	if o.AllowTLS12 {
		return tls.VersionTLS12
	}
	return tls.VersionTLS13
}

// base is the part of the configuration that never changes.
func (o *Options) base() *tls.Config {
	c := &tls.Config{}
	if o.Config != nil {
		c = o.Config.Clone()
	}
	c.MinVersion = max(c.MinVersion, o.oldest())
	if o.AllowTLS12 {
		c.CipherSuites = []uint16{ // of TLS 1.2; those of 1.3 are not configurable
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		}
	}
	c.VerifyConnection = verification(c.VerifyConnection)
	if o.Insecure == AcceptAnyServer {
		c.InsecureSkipVerify = true
	}
	return c
}
