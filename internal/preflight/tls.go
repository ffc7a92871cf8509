package preflight

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"syscall"
	"time"

	"github.com/slogship/slogship/transport"
)

const (
	// soon is how little is left of a certificate when that is a warning: enough
	// for somebody to do it by hand. Certificates of six days, as some
	// authorities issue, are renewed by a program, so for those it is a third of
	// their life.
	soon = 14 * 24 * time.Hour

	// verdictTime is how long a server that asked for a client certificate has to
	// refuse it. In TLS 1.3 that comes after our side of the handshake is over.
	verdictTime = 500 * time.Millisecond
)

// handshake does TLS's over conn, and says what the certificates are worth.
func (h *Host) handshake(ctx context.Context, subject string, conn net.Conn) []transport.Finding {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	config := h.TLS.Config(h.Name.Host())
	if h.ALPN != nil {
		config.NextProtos = h.ALPN
	}
	own := ownCertificate(config)
	asked := noteQuestion(config)
	secure := tls.Client(conn, config)
	err := secure.HandshakeContext(ctx)
	if err == nil && *asked {
		err = refusal(secure)
	}
	if err != nil {
		return append([]transport.Finding{Bad(TLS, subject, err, tlsRemedy(err, config.ServerName, own != nil))}, clientFinding(own)...)
	}
	state := secure.ConnectionState()
	found := []transport.Finding{Good(TLS, subject, "%s, %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite))}
	if config.InsecureSkipVerify && config.VerifyConnection == nil && config.VerifyPeerCertificate == nil {
		found[0] = Warn(TLS, subject, "the server is not verified", "set TLS.CAFile to its authority instead of TLS.Insecure")
	}
	if len(state.PeerCertificates) > 0 {
		found = append(found, validity(Certificate, subject, first(&state), ""))
	}
	return append(found, clientFinding(own)...)
}

// first returns the certificate of the server's chain that ends first.
func first(state *tls.ConnectionState) *x509.Certificate {
	best := state.PeerCertificates[0]
	if len(state.VerifiedChains) == 0 {
		return best
	}
	for _, c := range state.VerifiedChains[0] {
		if c.NotAfter.Before(best.NotAfter) {
			best = c
		}
	}
	return best
}

// validity says how long c is valid.
func validity(check, subject string, c *x509.Certificate, file string) transport.Finding {
	left := time.Until(c.NotAfter)
	what := fmt.Sprintf("%q by %q", named(c.Subject.CommonName, c.DNSNames), c.Issuer.CommonName)
	until := fmt.Sprintf("%d days left, until %s", int(left.Hours()/24), c.NotAfter.UTC().Format(time.DateOnly))
	switch {
	case left <= 0:
		err := fmt.Errorf("%s ended %s", what, c.NotAfter.UTC().Format(time.DateOnly))
		return Bad(check, subject, err, "renew it"+file)
	case left < min(soon, c.NotAfter.Sub(c.NotBefore)/3):
		return Warn(check, subject, what+", "+until, "renew it"+file)
	default:
		return Good(check, subject, "%s, %s", what, until)
	}
}

func named(common string, dns []string) string {
	if len(dns) > 0 {
		return dns[0]
	}
	return common
}

// ownCertificate returns the certificate that we would show, nil if there is none.
func ownCertificate(config *tls.Config) *x509.Certificate {
	var pair *tls.Certificate
	switch {
	case config.GetClientCertificate != nil:
		pair, _ = config.GetClientCertificate(&tls.CertificateRequestInfo{}) // its error is the handshake's
	case len(config.Certificates) > 0:
		pair = &config.Certificates[0]
	}
	if pair == nil || len(pair.Certificate) == 0 {
		return nil
	}
	own, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil // the handshake says so
	}
	return own
}

func clientFinding(own *x509.Certificate) []transport.Finding {
	if own == nil {
		return nil
	}
	return []transport.Finding{validity(Client, "", own, " (TLS.CertFile; it is read again for each connection)")}
}

// noteQuestion lets config note whether the server asks for a certificate.
func noteQuestion(config *tls.Config) *bool {
	asked, get, certs := new(bool), config.GetClientCertificate, config.Certificates
	config.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		*asked = true
		if get != nil {
			return get(info)
		}
		for i := range certs {
			if info.SupportsCertificate(&certs[i]) == nil {
				return &certs[i], nil
			}
		}
		return new(tls.Certificate), nil // none
	}
	return asked
}

// refusal waits for the server to say that it does not want our certificate. A
// server that takes it says nothing, or greets.
func refusal(conn *tls.Conn) error {
	if err := conn.SetReadDeadline(time.Now().Add(verdictTime)); err != nil {
		return err
	}
	var timeout net.Error
	_, err := conn.Read(make([]byte, 1))
	if errors.As(err, &timeout) && timeout.Timeout() {
		return nil
	}
	return err
}

// tlsRemedy says what to do about a handshake that failed.
func tlsRemedy(err error, server string, certificate bool) string {
	if remedy := verifyRemedy(err, server); remedy != "" {
		return remedy
	}
	var plain tls.RecordHeaderError
	alert, told := alertOf(err)
	switch {
	case told:
		return alertRemedy(alert, certificate)
	case errors.As(err, &plain):
		return "the server speaks no TLS at this port: use its TLS port, or set no TLS if that is meant"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer to TLS: the port may be one without, waiting for plain text"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the server hung up: it may speak no TLS at this port" + wantCertificate(certificate)
	case strings.Contains(err.Error(), "protocol version"):
		return "the server has nothing newer than TLS 1.2: set TLS.AllowTLS12, or better update it"
	default:
		return "compare TLS versions and certificates with the server's"
	}
}

// verifyRemedy is about the server's certificate; "" for another error.
func verifyRemedy(err error, server string) string {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority):
		return "set TLS.CAFile to the certificate of the authority that signed the server's" + issuer(authority.Cert) + "; the server has to send its intermediate certificates"
	case errors.As(err, &host):
		return fmt.Sprintf("set TLS.ServerName to one of %s, or use a certificate for %q", names(host.Certificate), server)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "renew the server's certificate, unless this machine's clock is wrong"
	case errors.As(err, &invalid):
		return "the server's certificate is not meant for this: have it issued for server authentication"
	default:
		return ""
	}
}

func issuer(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf(" (%q)", c.Issuer.CommonName)
}

func names(c *x509.Certificate) string {
	var all []string
	all = append(all, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) > maxShown {
		all = all[:maxShown]
	}
	return strings.Join(all, ", ")
}

// Alerts of RFC 8446, section 6.
const (
	alertHandshakeFailure    = 40
	alertBadCertificate      = 42
	alertUnsupportedCert     = 43
	alertCertificateRevoked  = 44
	alertCertificateExpired  = 45
	alertCertificateUnknown  = 46
	alertUnknownAuthority    = 48
	alertAccessDenied        = 49
	alertProtocolVersion     = 70
	alertUnrecognizedName    = 112
	alertCertificateRequired = 116
	alertNoApplication       = 120
)

// alertOf returns the alert that the server has sent. Its type in crypto/tls is
// not exported (tls.AlertError is for QUIC), so it is known by where it stands.
func alertOf(err error) (alert uint8, ok bool) {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" || op.Err == nil {
		return 0, false
	}
	if v := reflect.ValueOf(op.Err); v.Kind() == reflect.Uint8 {
		return uint8(v.Uint()), true
	}
	return 0, false
}

func alertRemedy(alert uint8, certificate bool) string {
	switch alert {
	case alertBadCertificate, alertUnsupportedCert, alertCertificateRevoked, alertCertificateExpired, alertCertificateUnknown, alertUnknownAuthority, alertAccessDenied, alertCertificateRequired:
		if certificate {
			return "the server refuses our certificate: check TLS.CertFile, and that the server knows its authority"
		}
		return "the server wants a client certificate: set TLS.CertFile and TLS.KeyFile"
	case alertProtocolVersion:
		return "the server has nothing newer than TLS 1.2: set TLS.AllowTLS12, or better update it"
	case alertHandshakeFailure:
		return "no common cipher or version" + wantCertificate(certificate)
	case alertUnrecognizedName:
		return "the server does not know the name it is asked for: set TLS.ServerName"
	case alertNoApplication:
		return "the server does not speak this protocol at this port"
	default:
		return "look at the server's log"
	}
}

func wantCertificate(have bool) string {
	if have {
		return ", or refuse our certificate"
	}
	return ", or want a client certificate (TLS.CertFile)"
}
