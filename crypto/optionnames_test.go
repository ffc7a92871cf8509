package crypto_test

import (
	"fmt"
	"testing"

	"github.com/slogship/slogship/crypto"
)

func TestOptionNames(t *testing.T) {
	got := fmt.Sprint(crypto.Seal, crypto.MaskIt, crypto.Hash, crypto.Drop, crypto.Keep, crypto.Action(9),
		crypto.KeepNothing, crypto.KeepLast4, crypto.KeepFirst4, crypto.KeepDomain, crypto.KeepNetwork, crypto.Mask(9),
		crypto.Form(0), crypto.CardNumbers, crypto.Emails, crypto.BearerTokens, crypto.JWTs, crypto.PrivateKeys, crypto.Form(9))
	const want = "seal mask hash drop keep Action(9) nothing last4 first4 domain network Mask(9) Form(0) card email bearer jwt private-key Form(9)"
	if got != want {
		t.Errorf("got %s", got)
	}
}
