package tlsconfig

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

// The least key lengths (NIST SP 800-57 part 1, for 112 bits of security). A
// certificate's signature by SHA-1 or MD5 is refused by crypto/x509 itself.
const (
	leastRSA   = 2048
	leastCurve = 256
)

// verifyKeys refuses a server whose certificate, or an authority between it and
// the root, has a key that can be broken. crypto/x509 does not look: 1,024 bits of
// RSA pass. The root itself was chosen by whoever runs this process.
func verifyKeys(state tls.ConnectionState) error {
	if len(state.VerifiedChains) == 0 {
		return nil // not verified, which has been said elsewhere
	}
	chain := state.VerifiedChains[0]
	for _, cert := range chain[:max(len(chain)-1, 1)] {
		if err := strongKey(cert); err != nil {
			return err
		}
	}
	return nil
}

func strongKey(cert *x509.Certificate) error {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < leastRSA {
			return fmt.Errorf("tlsconfig: certificate of %q: RSA key of %d bits: %w", cert.Subject.CommonName, bits, ErrWeakKey)
		}
	case *ecdsa.PublicKey:
		if bits := key.Curve.Params().BitSize; bits < leastCurve {
			return fmt.Errorf("tlsconfig: certificate of %q: elliptic-curve key of %d bits: %w", cert.Subject.CommonName, bits, ErrWeakKey)
		}
	}
	return nil
}

// verification is verifyKeys and then what the caller's own Config verifies.
func verification(own func(tls.ConnectionState) error) func(tls.ConnectionState) error {
	if own == nil {
		return verifyKeys
	}
	return func(state tls.ConnectionState) error {
		if err := verifyKeys(state); err != nil {
			return err
		}
		return own(state)
	}
}
