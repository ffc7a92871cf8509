package ocsp

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Policy says what to do about a server that staples nothing.
type Policy uint8

// The policies. Under each of them a staple that is there has to be good.
const (
	// IfStapled accepts a server without a staple, unless its certificate
	// demands one. It is the default.
	IfStapled Policy = 0
	// Require refuses a server without a staple.
	Require Policy = 1
)

// Errors that a refused handshake wraps.
var (
	// ErrMissing: no staple, and the policy or the certificate demands one.
	ErrMissing = errors.New("no stapled OCSP response: switch stapling on at the server")
	// ErrRevoked: the authority has revoked the certificate.
	ErrRevoked = errors.New("the certificate is revoked: give the server a new one")
	// ErrUnknown: the responder does not know the certificate.
	ErrUnknown = errors.New("the OCSP responder does not know the certificate")
	// ErrStale: the staple is too old, or not valid yet.
	ErrStale = errors.New("the stapled OCSP response is not valid now: see that the server renews it, and both clocks")
	// ErrForged: the staple is not from the issuer or a responder of its, not
	// about this certificate, or not an OCSP response.
	ErrForged = errors.New("the stapled OCSP response does not vouch for this certificate")
	// ErrUnverified: the chain was not verified (InsecureSkipVerify), so that
	// there is no issuer who could have signed.
	ErrUnverified = errors.New("the certificate's chain is not verified")
	// ErrPolicy: a Policy that there is not.
	ErrPolicy = errors.New("no such policy")
)

// Options say how strict Verify is. The zero value is its defaults. It is plain
// data and safe for concurrent use.
type Options struct {
	Policy Policy

	// Skew is how far the responder's clock and ours may be apart. Default 5
	// minutes; negative: none.
	Skew time.Duration

	// MaxAge is how long a staple is good that does not say when the next one
	// is due (NextUpdate, RFC 6960 section 4.2.2.1). Default 24 hours.
	MaxAge time.Duration
}

const (
	defaultSkew   = 5 * time.Minute
	defaultMaxAge = 24 * time.Hour
)

// Verify is for tls.Config.VerifyConnection.
func (o Options) Verify(state tls.ConnectionState) error {
	if err := o.verify(state, time.Now()); err != nil {
		return fmt.Errorf("ocsp: %q: %w", state.ServerName, err)
	}
	return nil
}

func (o Options) verify(state tls.ConnectionState, now time.Time) error {
	if o.Policy > Require {
		return fmt.Errorf("Policy %d: want IfStapled or Require: %w", o.Policy, ErrPolicy)
	}
	if len(state.VerifiedChains) == 0 {
		return ErrUnverified
	}
	chain := state.VerifiedChains[0]
	leaf := chain[0]
	if len(state.OCSPResponse) == 0 {
		if o.Policy == Require || mustStaple(leaf) {
			return ErrMissing
		}
		return nil
	}
	if len(chain) < 2 { // the leaf itself is trusted: nobody vouches for it
		return fmt.Errorf("the certificate has no issuer: %w", ErrForged)
	}
	return o.verifyStaple(state.OCSPResponse, leaf, chain[1], now)
}

func (o Options) verifyStaple(staple []byte, leaf, issuer *x509.Certificate, now time.Time) error {
	answer, err := ocsp.ParseResponseForCert(staple, leaf, issuer)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForged, err)
	}
	if err := o.responder(answer, issuer, now); err != nil {
		return err
	}
	if !o.fresh(answer, now) {
		return fmt.Errorf("valid from %s to %s: %w", answer.ThisUpdate.Format(time.RFC3339), o.until(answer).Format(time.RFC3339), ErrStale)
	}
	switch answer.Status {
	case ocsp.Good:
		return nil
	case ocsp.Revoked:
		return fmt.Errorf("at %s: %w", answer.RevokedAt.Format(time.RFC3339), ErrRevoked)
	default:
		return ErrUnknown
	}
}

// responder checks what x/crypto leaves out of a delegated responder's
// certificate: what it is for, and when (RFC 6960 section 4.2.2.2). That the
// issuer has signed it, x/crypto has checked.
func (o Options) responder(answer *ocsp.Response, issuer *x509.Certificate, now time.Time) error {
	by := answer.Certificate
	if by == nil || by.Equal(issuer) {
		return nil
	}
	if !slices.Contains(by.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) {
		return fmt.Errorf("signed by a certificate that is not for OCSP: %w", ErrForged)
	}
	if now.Before(by.NotBefore.Add(-o.skew())) || now.After(by.NotAfter.Add(o.skew())) {
		return fmt.Errorf("the responder's certificate: %w", ErrStale)
	}
	return nil
}

func (o Options) fresh(answer *ocsp.Response, now time.Time) bool {
	return !now.Before(answer.ThisUpdate.Add(-o.skew())) && !now.After(o.until(answer).Add(o.skew()))
}

// until is when the staple ends to be good, without the skew.
func (o Options) until(answer *ocsp.Response) time.Time {
	if !answer.NextUpdate.IsZero() {
		return answer.NextUpdate
	}
	age := o.MaxAge
	if age <= 0 {
		age = defaultMaxAge
	}
	return answer.ThisUpdate.Add(age)
}

func (o Options) skew() time.Duration {
	if o.Skew == 0 {
		return defaultSkew
	}
	return max(o.Skew, 0)
}

// mustStaple reports whether the certificate has the TLS feature extension with
// status_request (RFC 7633). One that cannot be read counts as having it.
func mustStaple(cert *x509.Certificate) bool {
	const statusRequest = 5
	feature := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}
	for _, e := range cert.Extensions {
		if !e.Id.Equal(feature) {
			continue
		}
		var features []int
		rest, err := asn1.Unmarshal(e.Value, &features)
		if err != nil || len(rest) != 0 || slices.Contains(features, statusRequest) {
			return true
		}
	}
	return false
}
