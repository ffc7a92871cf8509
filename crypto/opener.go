package crypto

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
)

// OpenerOptions configure an Opener. The zero value of each field is its
// default.
type OpenerOptions struct {
	// CacheSize is how many derived keys are kept, and with them data keys that a
	// key service has unwrapped. A process that seals makes one key, or one each
	// period. Default 1,024.
	CacheSize int

	// CacheAge is how long one is kept. It is what a permission that was taken
	// away at the key service goes on for. Default 1 h.
	CacheAge time.Duration

	// Retry is how long a data key that could not be unwrapped is not asked for
	// again, so that a file with a million values does not make a million calls of
	// a service that is down. Default 10 s.
	Retry time.Duration

	// Timeout is the deadline of one call of a key service. Default 10 s.
	Timeout time.Duration

	// Layout says where the documents that OpenJSON and NewReader get have a
	// value's path and record. nil: nobody knows, as many destinations rename
	// fields; then no value is said to have moved.
	Layout *Layout
}

// Layout says where a JSON document keeps what a sealed value is bound to.
type Layout struct {
	// Root is the dotted path below which attributes stand: "" for slogship's own
	// JSON lines, "labels" for some others.
	Root string

	// Record is the dotted path of the record's id. Default "log_id"
	// (encode.KeyID).
	Record string

	// Message is the dotted path of the message. Default "msg"
	// (encode.KeyMessage).
	Message string

	// Service is the value that a token's service must have; "": any.
	Service string
}

// Opener opens what a [Sealer] has sealed. It is safe for concurrent use, also
// while its keyring changes.
type Opener struct {
	keys   *Keyring
	opts   OpenerOptions
	subkey *subkeyCache
}

// Opened is a value that was opened. All of its Token is proven.
type Opened struct {
	Token
	Value slog.Value // of one of the kinds that [encode.Record] names
}

// NewOpener returns an opener with the keys of ring, and those that it will
// have. It makes no call itself.
func NewOpener(ring *Keyring, o *OpenerOptions) *Opener {
	var c OpenerOptions
	if o != nil {
		c = *o
	}
	if c.CacheSize <= 0 {
		c.CacheSize = 1 << 10
	}
	c.CacheAge, c.Retry, c.Timeout = or(c.CacheAge, time.Hour), or(c.Retry, 10*time.Second), or(c.Timeout, 10*time.Second)
	if c.Layout != nil {
		l := *c.Layout
		l.Record, l.Message = index(l.Record, encode.KeyID), index(l.Message, encode.KeyMessage)
		c.Layout = &l
	}
	return &Opener{keys: ring, opts: c, subkey: newSubkeyCache(c.CacheSize)}
}

// Open opens one token. It says nothing of where the token stood: see [Opener.OpenAt].
// Of the errors, each means one thing: [ErrNotToken], [ErrVersion],
// [ErrTruncated], [ErrTampered], [ErrUnknownKey], [ErrWrongKey],
// [ErrUnavailable]. Only the last may be gone on another attempt.
func (o *Opener) Open(ctx context.Context, token string) (Opened, error) {
	t, err := parse(token)
	if err != nil {
		return Opened{}, err
	}
	k, err := o.find(ctx, &t)
	if err != nil {
		return Opened{}, err
	}
	plain, err := k.open(&t)
	if err != nil {
		return Opened{}, err
	}
	v, err := readValue(plain)
	return Opened{Token: t.Token, Value: v}, err
}

// Place is where a token was found.
type Place struct {
	Service string    // "": not known
	Path    string    // dotted
	Record  encode.ID // zero: not known
}

// OpenAt opens a token and checks that it stands where it was sealed. If it does
// not, the error wraps [ErrMoved], and the value is returned nevertheless: it is
// what was sealed, for another field, record or service.
//
// A value that was sealed for a logger and not for one record ([Token].Record is
// zero) is not bound to a record, only to its service and path.
func (o *Opener) OpenAt(ctx context.Context, token string, at Place) (Opened, error) {
	v, err := o.Open(ctx, token)
	if err == nil && !v.standsAt(at) {
		err = fmt.Errorf("crypto: open: sealed as %q of record %v: %w", clip(v.Path), v.Record, ErrMoved)
	}
	return v, err
}

// standsAt leaves out what is not known, of the place or of the token.
func (t *Token) standsAt(at Place) bool {
	return (at.Service == "" || t.Service == at.Service) && t.Path == cutPath(at.Path) &&
		(at.Record.IsZero() || t.Record.IsZero() || t.Record == at.Record)
}

// find returns the token's subkey. The commitment is checked before anything is
// decrypted: a text that decrypts under two keys, which AES-GCM alone lets one
// make, commits to one of them.
func (o *Opener) find(ctx context.Context, t *sealed) (*openKey, error) {
	k, err := o.subkey.get(t.head, func(e *openKey) time.Time {
		e.err = o.derive(ctx, t, e)
		switch {
		case e.err == nil:
			return time.Now().Add(o.opts.CacheAge)
		case ctx.Err() != nil || !errors.Is(e.err, ErrUnavailable):
			return time.Time{} // says nothing of the next caller's chance
		}
		return time.Now().Add(o.opts.Retry)
	})
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(k.commit, t.commit) != 1 {
		return nil, fmt.Errorf("crypto: open with key %q: %w", t.KeyID, ErrWrongKey)
	}
	return k, nil
}

// derive fills in e.
func (o *Opener) derive(ctx context.Context, t *sealed, e *openKey) error {
	secret, err := o.secret(ctx, t)
	if err != nil {
		return err
	}
	key, commit, err := derive(secret, t.KeyID, t.salt)
	if err != nil {
		return err
	}
	e.commit = commit
	// Its nonces are in front of the ciphertexts, as the token has them, and it
	// opens what any AES-GCM has sealed.
	e.aead, err = newAEAD(key, true)
	return err
}

// secret returns what the token's subkey is derived from.
func (o *Opener) secret(ctx context.Context, t *sealed) (*[KeySize]byte, error) {
	set := o.keys.set()
	if t.Wrapped == nil {
		if k := set.keys[t.KeyID]; k != nil {
			return k.secret(), nil
		}
		return nil, fmt.Errorf("crypto: open with key %q: %w", t.KeyID, ErrUnknownKey)
	}
	w := set.wrappers[t.KeyID]
	if w == nil {
		return nil, fmt.Errorf("crypto: open with key service %q: %w", t.KeyID, ErrUnknownKey)
	}
	ctx, cancel := context.WithTimeout(ctx, o.opts.Timeout)
	defer cancel()
	wrapped := bytes.Clone(t.Wrapped) // the caller's token, and what its tag is over, stay as they are
	b, err := callWrapper(func() ([]byte, error) { return w.Unwrap(ctx, wrapped) })
	if err != nil {
		return nil, fmt.Errorf("crypto: unwrap a data key with %q: %w: %w", t.KeyID, err, ErrUnavailable)
	}
	if len(b) != KeySize {
		return nil, fmt.Errorf("crypto: unwrap a data key with %q: %d bytes: %w", t.KeyID, len(b), ErrWrongKey)
	}
	secret := [KeySize]byte(b)
	clear(b)
	return &secret, nil
}

// open decrypts the token's value.
func (k *openKey) open(t *sealed) ([]byte, error) {
	plain, err := k.aead.Open(nil, nil, t.box, t.aad)
	if err != nil { // it has one text: message authentication failed
		return nil, fmt.Errorf("crypto: open with key %q: %w", t.KeyID, ErrTampered)
	}
	return plain, nil
}
