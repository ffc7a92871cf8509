// Command kms logs with a key that a key service holds, and opens what it has
// logged.
//
//	go run ./examples/kms                                            # a local key, to try it
//	go run ./examples/kms awskms://alias/logs?region=eu-central-1
//	VAULT_SERVER_URL=… VAULT_SERVER_TOKEN=… go run ./examples/kms hashivault://logs
//
// The process that logs needs the permission to encrypt, and one call of the
// service an hour. The process that opens needs the permission to decrypt. No
// key is in a file.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/crypto/kms"
	_ "github.com/slogship/slogship/crypto/kms/all" // every service's driver; one is enough
	"github.com/slogship/slogship/encode"
)

// localKey is a key-encryption key for trials: it is in the URL.
const localKey = "base64key://smGbjm71Nxd1Ig5FS0wj9SlbzAIrnolCz9bQQ6uAhl4="

func main() {
	url := localKey
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, url, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url string, out io.Writer) error {
	service, err := kms.Open(ctx, url)
	if err != nil {
		return err
	}
	defer service.Close()
	line, err := logged(ctx, service)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "logged: %s\n", line)
	line, err = opened(ctx, service, line)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "opened: %s\n", line)
	return nil
}

// keyName is how tokens name the service's key.
const keyName = "example"

// logged is the service that logs.
func logged(ctx context.Context, service crypto.Wrapper) ([]byte, error) {
	ring, err := crypto.NewEnvelopeKeyring(keyName, service, nil)
	if err != nil {
		return nil, err
	}
	defer ring.Close()
	// Without this the first records would have a mark in the place of the value:
	// a log call does not wait for a key service.
	if err := ring.Ready(ctx); err != nil {
		return nil, err
	}
	policy := crypto.Policy{Rules: []crypto.Rule{
		{Path: "customer.iban"},
		{Path: "customer.email", Do: crypto.MaskIt, Mask: crypto.KeepDomain},
	}}
	sealer, err := policy.Compile(ring, &crypto.SealerOptions{Service: "shop"})
	if err != nil {
		return nil, err
	}
	return record(sealer, slog.Int("order", 42), slog.Group("customer",
		slog.String("iban", "DE02120300000000202051"), slog.String("email", "ada@example.com")))
}

// record is what a handler does with a record and its policy.
func record(sealer *crypto.Sealer, attrs ...slog.Attr) ([]byte, error) {
	rec := encode.Record{Time: time.Now(), Level: slog.LevelInfo, Message: "order paid"}
	rec.ID = new(encode.IDSource).Next(rec.Time)
	scratch := crypto.Scratch{Record: rec.ID}
	for _, a := range attrs {
		if a, ok := sealer.Top().Attr(&scratch, a); ok {
			rec.Attrs = append(rec.Attrs, a)
		}
	}
	return encode.JSONLines{}.AppendRecord(nil, &rec)
}

// opened is the auditor, who has the service and nothing else.
func opened(ctx context.Context, service crypto.Wrapper, line []byte) ([]byte, error) {
	ring, err := crypto.NewKeyring(nil)
	if err != nil {
		return nil, err
	}
	if err := ring.AddWrapper(keyName, service); err != nil {
		return nil, err
	}
	line, counts, err := crypto.NewOpener(ring, &crypto.OpenerOptions{Layout: &crypto.Layout{Service: "shop"}}).OpenJSON(ctx, line)
	if err != nil {
		return nil, err
	}
	if n := counts.Failed(); n > 0 {
		return line, fmt.Errorf("%d values could not be opened: %s", n, line)
	}
	return line, nil
}
