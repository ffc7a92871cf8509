package crypto

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
)

// KeySize is the length of a key in bytes: AES-256 and HMAC-SHA-256 both take
// 32.
const KeySize = 32

// maxKeyID is the longest key id. It is in every token.
const maxKeyID = 32

// Key is a secret of KeySize bytes and the public name that tokens know it by.
// It is immutable and safe for concurrent use. However it is printed or
// marshalled, only the id appears.
type Key struct {
	id string

	// secret is behind a function, so that no dump by reflection, of this package
	// or of a debugger's kind, comes upon the bytes.
	secret func() *[KeySize]byte
}

// NewKey returns a key. id is 1 to 32 of a-z, A-Z, 0-9, "-" and "_"; a date is a
// good one. secret has KeySize bytes, from a random source and not from a
// password; it is copied. Errors wrap [ErrKey].
func NewKey(id string, secret []byte) (*Key, error) {
	if !validKeyID(id) {
		return nil, fmt.Errorf("crypto: key id %q: want 1 to %d of a-z, A-Z, 0-9, - and _: %w", clip(id), maxKeyID, ErrKey)
	}
	if len(secret) != KeySize {
		return nil, fmt.Errorf("crypto: key %q: has %d bytes, want %d: %w", id, len(secret), KeySize, ErrKey)
	}
	return newKey(id, [KeySize]byte(secret))
}

func newKey(id string, b [KeySize]byte) (*Key, error) {
	// All bytes alike is a file that was made and never filled, not a secret.
	alike := true
	for _, c := range b {
		alike = alike && c == b[0]
	}
	if alike {
		return nil, fmt.Errorf("crypto: key %q: every byte is the same: %w", id, ErrKey)
	}
	return &Key{id: id, secret: func() *[KeySize]byte { return &b }}, nil
}

// GenerateKey returns a new random key. Keep it: see [Key.Text].
func GenerateKey(id string) (*Key, error) {
	var b [KeySize]byte
	rand.Read(b[:]) // never fails: it ends the process instead
	return NewKey(id, b[:])
}

// usable is false for nil and for a Key that no function of this package has made.
func (k *Key) usable() bool { return k != nil && k.secret != nil }

// ID returns the key's public name.
func (k *Key) ID() string { return k.id }

// Text returns the key as a line of a key file: id, a space, the secret in
// base64. It is the one way to get the secret out, and named so that it is not
// called by accident.
func (k *Key) Text() string {
	return k.id + " " + base64.StdEncoding.EncodeToString(k.secret()[:])
}

// String returns the id, with a word that says what it is.
func (k *Key) String() string {
	if k == nil {
		return "key <nil>"
	}
	return "key " + k.id
}

// GoString is String, so that %#v does not look inside.
func (k *Key) GoString() string { return k.String() }

// MarshalText is String, so that a key in a configuration that is logged or
// marshalled shows its id alone. What it returns is not a key: see [Key.Text].
func (k *Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// same compares secrets in constant time.
func (k *Key) same(o *Key) bool {
	return subtle.ConstantTimeCompare(k.secret()[:], o.secret()[:]) == 1
}

// validKeyID holds key ids to the alphabet of tokens: an id stands in each of them
// in plain sight, between two dots.
func validKeyID(id string) bool {
	if len(id) == 0 || len(id) > maxKeyID {
		return false
	}
	for i := range len(id) {
		if !isTokenByte(id[i]) {
			return false
		}
	}
	return true
}

// isTokenByte reports whether c is in the alphabet of base64url, the only
// characters of a token besides its dots and its end.
func isTokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// clip keeps an error short whatever the input was.
func clip(s string) string { return s[:min(len(s), 64)] }
