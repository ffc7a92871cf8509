package ocsp

import (
	"crypto/tls"
	"time"
)

// VerifyAt is Verify by another clock.
func (o Options) VerifyAt(state tls.ConnectionState, now time.Time) error {
	return o.verify(state, now)
}
