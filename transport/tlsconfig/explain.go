package tlsconfig

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// HandshakeError is a handshake that failed, and what to do about it. It is about
// the destination, never about records: a route retries.
type HandshakeError struct {
	Err    error  // what crypto/tls or a verification said
	Remedy string // one clause, "" if there is nothing better than Err
	Stale  error  // why the files are not what is in use; nil if they are
}

func (e *HandshakeError) Error() string {
	text := e.Err.Error()
	if e.Stale != nil {
		text += " (with files read earlier: " + e.Stale.Error() + ")"
	}
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return text
}

// Unwrap returns Err and Stale.
func (e *HandshakeError) Unwrap() []error {
	if e.Stale == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Stale}
}

// Explain adds to the error of a handshake what would mend it, and why the files
// are not what is in use. An error that is not TLS's own comes back as it is, but
// for that. nil is nil.
func (c *Client) Explain(err error) error {
	if err == nil {
		return nil
	}
	if _, done := errors.AsType[*HandshakeError](err); done {
		return err
	}
	remedy, stale := remedy(err), c.Err()
	if remedy == "" && stale == nil {
		return err
	}
	return &HandshakeError{Err: err, Remedy: remedy, Stale: stale}
}

// remedy names what mends err: a field of Options, or what is wrong at the server.
func remedy(err error) string {
	if text := certificateRemedy(err); text != "" {
		return text
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "what answers there does not speak TLS: look at the port"
	}
	return alertRemedy(err)
}

// certificateRemedy is for a server's certificate that was refused here.
func certificateRemedy(err error) string {
	if e, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "set CAFile to the authority that signed the server's certificate" + issuer(e.Cert)
	}
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return "connect by a name that the certificate carries, or set ServerName to it" + names(e.Certificate)
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return fmt.Sprintf("give the server a certificate that is valid now (this one is from %s to %s), or set this machine's clock",
			e.Cert.NotBefore.UTC().Format(time.RFC3339), e.Cert.NotAfter.UTC().Format(time.RFC3339))
	}
	if errors.Is(err, ErrWeakKey) {
		return "give the server a certificate with an RSA key of 2048 bits or more, or an elliptic-curve key of 256"
	}
	return ""
}

func issuer(cert *x509.Certificate) string {
	if cert == nil {
		return ""
	}
	return fmt.Sprintf(" (%q)", cert.Issuer.String())
}

// names are a few of what the certificate is for, so that the error is short
// whatever the server sends.
func names(cert *x509.Certificate) string {
	if cert == nil {
		return ""
	}
	all := append([]string(nil), cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) > 5 {
		all = append(all[:5], "…")
	}
	return fmt.Sprintf(" (it carries %.300q)", strings.Join(all, ", "))
}

// alertRemedy is for what the server refused. crypto/tls has no exported type for
// a received alert, so its text is compared with the text of the alerts of RFC
// 8446 section 6.2, from crypto/tls itself.
func alertRemedy(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "remote error" {
		text = e.Err.Error()
	}
	for alert, remedy := range map[tls.AlertError]string{
		40:  "the server has no cipher suite or curve that is safe enough: it needs TLS 1.3, or with AllowTLS12 an ECDHE suite with AES-GCM or ChaCha20",
		70:  "the server has nothing newer than TLS 1.2: upgrade it, or set AllowTLS12",
		116: "the server wants a client certificate: set CertFile and KeyFile",
		42:  "the server refused the client certificate: see CertFile, and the server's list of authorities",
		44:  "the server says that the client certificate is revoked: give this client a new one",
		45:  "the server says that the client certificate has expired: renew CertFile and KeyFile",
		48:  "the server does not know who signed the client certificate: see CertFile, and the server's list of authorities",
	} {
		if text == alert.Error() {
			return remedy
		}
	}
	if strings.Contains(text, "server selected unsupported protocol version") {
		return "the server has nothing newer than TLS 1.2: upgrade it, or set AllowTLS12"
	}
	return ""
}
