package kms

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/slogship/slogship/crypto"
	"gocloud.dev/secrets"
	_ "gocloud.dev/secrets/localsecrets" // the scheme base64key, without any client library
)

// ErrURL is what Open wraps when the URL names no service that can be used: it
// cannot be read, its driver is not linked, or the driver refuses it.
var ErrURL = errors.New("key service URL cannot be used")

// Wrapper wraps data keys with a gocloud.dev keeper. It is safe for concurrent
// use.
type Wrapper struct {
	keeper *secrets.Keeper
	calls  sync.WaitGroup // of the keeper, that are under way
}

var _ crypto.Wrapper = (*Wrapper)(nil)

// Open opens the keeper that a URL names. Most drivers make no call of the
// network here. Errors wrap [ErrURL]; they name the URL's scheme alone, since a
// URL may hold the key itself.
func Open(ctx context.Context, keeperURL string) (*Wrapper, error) {
	u, err := url.Parse(keeperURL)
	if err != nil { // its text is the URL
		return nil, fmt.Errorf("kms: open a keeper: not a URL: %w", ErrURL)
	}
	if mux := secrets.DefaultURLMux(); !mux.ValidKeeperScheme(u.Scheme) {
		return nil, fmt.Errorf("kms: open a keeper: no driver is linked for the scheme %.20q, there are %v: %w", u.Scheme, mux.KeeperSchemes(), ErrURL)
	}
	k, err := secrets.DefaultURLMux().OpenKeeperURL(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("kms: open a keeper of %q: %s: %w", u.Scheme, said(err, u), ErrURL)
	}
	return &Wrapper{keeper: k}, nil
}

// said is what a driver says of a URL, without the URL. The cause is not wrapped:
// its text has the URL, too.
func said(err error, u *url.URL) string {
	if u.Scheme == "base64key" {
		return "want 32 bytes in base64 (URL or standard alphabet) behind base64key://"
	}
	text := err.Error()
	for _, part := range []string{u.String(), u.Redacted(), u.RawQuery, u.Host + u.Path} {
		if part != "" {
			text = strings.ReplaceAll(text, part, "…")
		}
	}
	return text
}

// FromKeeper makes a wrapper of a keeper that was opened by its driver's own
// functions. [Wrapper.Close] closes it.
func FromKeeper(k *secrets.Keeper) *Wrapper { return &Wrapper{keeper: k} }

// Wrap encrypts key with the service's key.
func (w *Wrapper) Wrap(ctx context.Context, key []byte) ([]byte, error) {
	wrapped, err := w.call(ctx, w.keeper.Encrypt, key)
	if err != nil {
		return nil, fmt.Errorf("kms: wrap: %w", err)
	}
	return wrapped, nil
}

// Unwrap decrypts what Wrap returned.
func (w *Wrapper) Unwrap(ctx context.Context, wrapped []byte) ([]byte, error) {
	key, err := w.call(ctx, w.keeper.Decrypt, wrapped)
	if err != nil {
		return nil, fmt.Errorf("kms: unwrap: %w", err)
	}
	return key, nil
}

// call leaves when ctx is done. Not all drivers do: Vault's takes no notice of
// it, and would hold up the end of a process for a minute. What is left behind
// has its own copy of in, and is waited for by Close.
func (w *Wrapper) call(ctx context.Context, f func(context.Context, []byte) ([]byte, error), in []byte) ([]byte, error) {
	type answer struct {
		out []byte
		err error
	}
	answers := make(chan answer, 1) // so that nobody has to be there to take it
	in = bytes.Clone(in)
	w.calls.Go(func() {
		out, err := contained(ctx, f, in)
		answers <- answer{out, err}
	})
	select {
	case a := <-answers:
		return a.out, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ErrPanic is what a driver's panic becomes: Vault's has one for an answer
// without a body, which a proxy may give.
var ErrPanic = errors.New("the driver panicked")

// contained calls f. What a panic said is left out: it may quote its input.
func contained(ctx context.Context, f func(context.Context, []byte) ([]byte, error), in []byte) (out []byte, err error) {
	defer func() {
		if recover() != nil {
			err = ErrPanic
		}
	}()
	return f(ctx, in)
}

// Close waits for calls that are under way, as long as the driver's own limits
// let them be, and releases the keeper's connections. Close the keyring first.
func (w *Wrapper) Close() error {
	w.calls.Wait()
	if err := w.keeper.Close(); err != nil {
		return fmt.Errorf("kms: close: %w", err)
	}
	return nil
}
