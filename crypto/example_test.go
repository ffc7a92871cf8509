package crypto_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
)

// newKey is a key for examples. Real ones come from crypto.GenerateKey, and live
// in a file of mode 0600 or a key service.
func newKey(id string) *crypto.Key {
	k, err := crypto.NewKey(id, []byte("examples are no place for secret"))
	if err != nil {
		panic(err)
	}
	return k
}

func ExamplePolicy() {
	ring, err := crypto.NewKeyring(newKey("2026-11"))
	if err != nil {
		fmt.Println(err)
		return
	}
	policy := crypto.Policy{
		Rules: []crypto.Rule{
			{Key: "*password*", Do: crypto.Drop},
			{Path: "user.iban"},
			{Path: "user.email", Do: crypto.MaskIt, Mask: crypto.KeepDomain},
		},
		Detect: []crypto.Detect{{What: crypto.CardNumbers, Do: crypto.MaskIt, Mask: crypto.KeepLast4}},
	}
	sealer, err := policy.Compile(ring, &crypto.SealerOptions{Service: "shop"})
	if err != nil {
		fmt.Println(err)
		return
	}
	scratch := crypto.Scratch{Record: encode.ID{1}}
	user, _ := sealer.Top().Attr(&scratch, slog.Group("user",
		slog.String("iban", "DE02120300000000202051"), slog.String("email", "ada@example.com"),
		slog.String("OldPassword", "hunter2"), slog.String("note", "paid with 4111 1111 1111 1111")))
	for _, a := range user.Value.Group() {
		text := a.Value.String()
		if strings.HasPrefix(text, crypto.Prefix) {
			text = "(sealed)"
		}
		fmt.Println(a.Key, text)
	}
	// Output:
	// iban (sealed)
	// email ****@example.com
	// note paid with ****1111
}

func ExampleOpener_OpenJSON() {
	ring, err := crypto.NewKeyring(newKey("2026-11"))
	if err != nil {
		fmt.Println(err)
		return
	}
	sealer, err := crypto.Policy{Rules: []crypto.Rule{{Key: "amount"}}}.Compile(ring, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var scratch crypto.Scratch
	amount, _ := sealer.Top().Attr(&scratch, slog.Int("amount", 1250))
	line, err := encode.JSONLines{Keys: encode.Keys{Level: "-"}}.AppendRecord(nil, &encode.Record{Message: "paid", Attrs: []slog.Attr{amount}})
	if err != nil {
		fmt.Println(err)
		return
	}
	line, counts, err := crypto.NewOpener(ring, nil).OpenJSON(context.Background(), line)
	fmt.Println(string(line), counts.Opened, err)
	// Output: {"msg":"paid","amount":1250} 1 <nil>
}

// A secret is not shown by a handler that knows nothing of it.
func ExampleSecret() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	log.Info("signed in", "token", crypto.Secret("ghp_0123456789"))
	// Output: level=INFO msg="signed in" token=!SECRET
}

func ExampleKey_Index() {
	key := newKey("index-1")
	// What the log has under "email", with Do: crypto.Hash, for this address:
	fmt.Println(key.Index("email", "ada@example.com"))
	// Output: sloghash1.index-1._KBwjVDMj1uFfz7IEQQqoaHF2cidxVEHMFRo3J5zmbA
}
