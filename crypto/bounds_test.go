package crypto

import (
	"fmt"
	"testing"
	"time"
)

// S34: who sends tokens chooses the key ids and subkeys in their heads. However
// many there are, an opener remembers as many as its size, refused ones included.
func TestS34_OpenerCache(t *testing.T) {
	const size, made = 64, 100_000
	c := newSubkeyCache(size)
	for i := range made {
		_, err := c.get(fmt.Sprintf("head-%d", i), func(k *openKey) time.Time {
			k.err = ErrUnknownKey
			return time.Now().Add(time.Hour)
		})
		if err == nil {
			t.Fatal("the key was found")
		}
	}
	if len(c.byHead) != size || len(c.order) != size {
		t.Errorf("%d heads are remembered, in an order of %d, want %d", len(c.byHead), len(c.order), size)
	}
	t.Logf("S34: %d heads, %d remembered of at most %d", made, len(c.byHead), size)
}
