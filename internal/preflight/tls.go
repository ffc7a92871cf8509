package preflight

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tlsconfig"
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
		err = refusal(secure, cmp.Or(h.verdict, verdictTime))
	}
	if err != nil {
		return append([]transport.Finding{h.broken(subject, err, own != nil)}, clientFinding(own)...)
	}
	state := secure.ConnectionState()
	found := []transport.Finding{Good(TLS, subject, "%s, %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite))}
	if h.TLS.Insecure() {
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
func refusal(conn *tls.Conn, wait time.Duration) error {
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	var timeout net.Error
	_, err := conn.Read(make([]byte, 1))
	if errors.As(err, &timeout) && timeout.Timeout() {
		return nil
	}
	return err
}

// broken makes a finding of a handshake that failed. What tlsconfig can explain,
// it does; here is what only who looks for faults wants to hear.
func (h *Host) broken(subject string, err error, certificate bool) transport.Finding {
	explained, ok := errors.AsType[*tlsconfig.HandshakeError](h.TLS.Explain(err))
	if !ok {
		return Bad(TLS, subject, err, tlsRemedy(err, certificate))
	}
	f := Bad(TLS, subject, err, explained.Remedy)
	if explained.Stale != nil {
		f.Found += " (with files read earlier: " + explained.Stale.Error() + ")"
	}
	if f.Remedy == "" {
		f.Remedy = tlsRemedy(err, certificate)
	}
	return f
}

// tlsRemedy says what to do about a handshake that failed without a word, or with
// a rare one.
func tlsRemedy(err error, certificate bool) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer to TLS: the port may be one without, waiting for plain text"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the server hung up: it may speak no TLS at this port" + wantCertificate(certificate)
	}
	if _, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return "the server's certificate is not meant for this: have it issued for server authentication"
	}
	return alertRemedy(err, certificate)
}

// alertRemedy is about the alerts of RFC 8446, section 6.2, that tlsconfig has no
// advice for. As there, they are known by their text.
func alertRemedy(err error, certificate bool) string {
	text := err.Error()
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		text = op.Err.Error()
	}
	switch text {
	case tls.AlertError(43).Error(), tls.AlertError(46).Error(), tls.AlertError(49).Error():
		return "the server refuses the client certificate, or wants one" + wantCertificate(certificate)
	case tls.AlertError(112).Error():
		return "the server does not know the name it is asked for: set TLS.ServerName"
	case tls.AlertError(120).Error():
		return "the server does not speak this protocol at this port"
	default:
		return "compare TLS versions and certificates with the server's, and look at its log"
	}
}

func wantCertificate(have bool) string {
	if have {
		return ", or refuse our certificate"
	}
	return ", or want a client certificate (TLS.CertFile)"
}
