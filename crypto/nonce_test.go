package crypto

import (
	"bytes"
	"crypto/fips140"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
)

// S23: two machines that were restored from one snapshot have one subkey and one
// counter. What they seal at different times has different nonces, also what is
// sealed for a logger, which has no record's id.
func TestS23_TwoFromOneSnapshot(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("Go's module chooses the nonces")
	}
	synctest.Test(t, func(t *testing.T) {
		secret := [KeySize]byte{1}
		m := material{id: "k1", secret: func() *[KeySize]byte { return &secret }}
		var nonces [2][]byte
		for i := range nonces {
			_, work, ok := vectorSubkey(t, m, 0x11).seal(nil, nil, new(encode.ID), "", place{"", "a"}, slog.IntValue(i))
			if !ok {
				t.Fatal("not sealed")
			}
			at := len(work) - tagSize - 9 - nonceSize
			nonces[i] = work[at : at+nonceSize]
			time.Sleep(time.Microsecond) // the bubble's
		}
		if bytes.Equal(nonces[0], nonces[1]) {
			t.Errorf("both have the nonce %x", nonces[0])
		}
	})
}
