// Command encrypted ships one record to three places with three policies: whole
// to the audit file, sealed to the file that a third party would get, and with what
// is secret left out to the console. The key is rotated while it runs, and what
// was sealed is opened again.
//
//	go run ./examples/encrypted
//
// examples/unseal opens such files from the command line, examples/kms keeps the
// key in a key service.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/file"
)

func main() {
	dir, err := os.MkdirTemp("", "slogship-encrypted")
	if err == nil {
		defer os.RemoveAll(dir)
		err = run(context.Background(), dir, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "encrypted:", err)
		os.Exit(1)
	}
}

// sealed is the policy of all routes without their own.
var sealed = crypto.Policy{
	Rules: []crypto.Rule{
		{Path: "customer.**"}, // all of a group
		{Key: "*token*"},      // in any group
		{Key: "card", Do: crypto.MaskIt, Mask: crypto.KeepLast4}, // ****1881
		{Key: "user", Do: crypto.Hash},                           // the same user has the same hash
	},
	Detect: []crypto.Detect{{What: crypto.Emails}}, // wherever one turns up, messages too
}

// hidden leaves out what sealed seals: nobody opens tokens on a console.
var hidden = crypto.Policy{Rules: []crypto.Rule{
	{Path: "customer.**", Do: crypto.Drop}, {Key: "*token*", Do: crypto.Drop}, {Key: "card", Do: crypto.MaskIt, Mask: crypto.KeepLast4}, {Key: "user", Do: crypto.Drop},
}}

func run(ctx context.Context, dir string, out io.Writer) error {
	// In a service: crypto.LoadKeyring(ctx, crypto.FileSource("/run/secrets/log-keys", warn)).
	first, err := crypto.GenerateKey("2026-10")
	if err != nil {
		return err
	}
	index, err := crypto.GenerateKey("index")
	if err != nil {
		return err
	}
	keys, err := crypto.NewKeyring(first)
	if err != nil {
		return err
	}
	defer keys.Close()

	outside := filepath.Join(dir, "saas.json")
	h, err := handler.New([]route.Route{
		{Name: "audit", To: file.Destination{Path: filepath.Join(dir, "audit.json")}, Fields: &crypto.Policy{}},
		{Name: "saas", To: file.Destination{Path: outside}},
		{Name: "console", To: console.Destination{Writer: out, Encoder: encode.Logfmt{}}, Fields: &hidden, Direct: true},
	}, &handler.Options{
		Dir: filepath.Join(dir, "buffers"), Fields: &sealed, Keys: keys, HashKey: index,
		Resource: encode.Resource{Service: "shop"},
	})
	if err != nil {
		return err
	}
	log := slog.New(h)
	order(log, 1)
	second, err := crypto.GenerateKey("2026-11")
	if err != nil {
		return errors.Join(err, h.Close(ctx))
	}
	if err := keys.Rotate(second); err != nil { // the next record has the new key
		return errors.Join(err, h.Close(ctx))
	}
	order(log, 2)
	if err := h.Close(ctx); err != nil {
		return err
	}
	if err := show(out, "what the third party has", outside); err != nil {
		return err
	}
	return open(ctx, out, keys, outside)
}

// order logs as a service does: nothing here knows of policies.
func order(log *slog.Logger, n int) {
	log.Info("order paid, receipt to ada@example.com",
		"order", n, "user", "ada", "card", "4012888888881881", "session_token", "f3c1",
		slog.Group("customer", "name", "Ada Lovelace", "iban", "DE02120300000000202051"),
		"note", crypto.Secret("sealed under every policy"))
}

func show(out io.Writer, title, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\n%s:\n%s", title, text)
	return err
}

// open writes the file with all that the keys can open.
func open(ctx context.Context, out io.Writer, keys *crypto.Keyring, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Fprint(out, "\nopened:\n")
	r := crypto.NewOpener(keys, nil).NewReader(ctx, f)
	if _, err := io.Copy(out, r); err != nil {
		return err
	}
	counts := r.Counts()
	_, err = fmt.Fprintf(out, "\nopened %d, failed %d\n", counts.Opened, counts.Failed())
	return err
}
