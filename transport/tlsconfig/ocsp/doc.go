// Package ocsp refuses destinations whose certificate has been revoked, by the
// OCSP response that the server staples to its handshake (RFC 6066 section 8,
// RFC 6960). crypto/tls hands the staple out and looks at nothing in it, so
// without this package a revoked certificate is as good as any other until it
// expires.
//
//	to := tcp.Destination{
//		Addr: "logs.internal:6514",
//		TLS: &tlsconfig.Options{
//			CAFile: "/etc/pki/internal.pem",
//			Config: &tls.Config{VerifyConnection: ocsp.Options{Policy: ocsp.Require}.Verify},
//		},
//	}
//
// It is opt-in and a module of its own: it needs golang.org/x/crypto/ocsp, and
// many internal authorities have no OCSP responder at all.
//
// # What is checked
//
// That the response is about this certificate, signed by its issuer or by a
// responder whom the issuer has certified for just that (extended key usage OCSP
// signing; x/crypto does not look, so that without the check anybody with a
// certificate of the same authority could vouch for a revoked one), that it is in
// its validity, and that it says "good". A certificate that demands a staple (RFC
// 7633, "must-staple") and comes without is refused under every policy. Resumed
// sessions are checked like full handshakes: crypto/tls keeps the staple with the
// session, and a staple that has gone stale ends the resumption.
//
// Nothing is fetched. A client that asks the responder itself tells it what it
// talks to, stands still when the responder does, and is usually made to ignore
// that; who needs a hard answer uses Require, and has servers that staple.
//
// # Errors
//
// A refused handshake fails the Send with an error that wraps one of this
// package's. It is about the destination and never about records, so the route
// retries until the server has a good certificate or staple; nothing is lost.
package ocsp
