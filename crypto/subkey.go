package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sync/atomic"
)

const (
	saltSize   = 16
	commitSize = 32
	nonceSize  = 12
	tagSize    = 16

	// maxSeals is how many values one subkey seals before the next one is derived.
	// Half of what NIST SP 800-38D §8.3 allows for random nonces (2^32), and what
	// the 32-bit counter of the other kind can hold without a thought of its
	// last values.
	maxSeals = 1 << 31
)

// subkey is what seals values: derived from a key and a random salt, made by
// one process, used for at most maxSeals values.
//
// Deriving is what makes the bound on random nonces moot. The other way, a
// count of seals for each key that outlives the process, needs a file that
// is written before each burst of seals, is copied with a volume and restored
// with a backup, and is shared by all hosts that have the key.
type subkey struct {
	from  material
	aead  cipher.AEAD
	head  []byte        // the token's text up to its body: never changed
	seals atomic.Uint64 // values sealed, and attempts past the bound

	// random says that aead chooses the nonces: the only way that FIPS 140-3
	// mode allows. It costs a call of the random generator a value.
	random bool
}

// material is a secret that subkeys are derived from, and how an opener finds
// it again.
type material struct {
	id      string
	secret  func() *[KeySize]byte
	wrapped []byte // a data key as the key service wrapped it; nil: a key of the ring
}

// newSubkey derives a subkey with a new salt.
func newSubkey(m material) (*subkey, error) {
	var salt [saltSize]byte
	rand.Read(salt[:])
	return newSubkeySalted(m, salt, fips140.Enabled())
}

// newSubkeySalted is newSubkey with all chance taken out, for vectors.
func newSubkeySalted(m material, salt [saltSize]byte, random bool) (*subkey, error) {
	key, commit, err := derive(m.secret(), m.id, salt[:])
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(key, random)
	if err != nil {
		return nil, err
	}
	return &subkey{from: m, aead: aead, random: random, head: appendHead(nil, m, salt, commit)}, nil
}

// appendHead appends the part of a token that all values of a subkey share.
func appendHead(dst []byte, m material, salt [saltSize]byte, commit []byte) []byte {
	kind := byte(headKey)
	if m.wrapped != nil {
		kind = headEnvelope
	}
	b := append([]byte{kind}, salt[:]...)
	b = append(append(b, commit...), m.wrapped...)
	dst = append(append(dst, Prefix...), m.id...)
	dst = base64.RawURLEncoding.AppendEncode(append(dst, '.'), b)
	return append(dst, '.')
}

// derive returns the encryption key and the commitment: HKDF-SHA-256 (RFC 5869).
// The commitment is a part of the output, so that two keys with the same one
// would be a collision of SHA-256.
func derive(secret *[KeySize]byte, id string, salt []byte) (key, commit []byte, err error) {
	out, err := hkdf.Key(sha256.New, secret[:], salt, "slogship sealed value v1 "+id, KeySize+commitSize)
	if err != nil {
		return nil, nil, fmt.Errorf("crypto: derive from key %q: %w", id, err)
	}
	return out[:KeySize:KeySize], out[KeySize:], nil
}

// newAEAD returns AES-256-GCM. With random, nonces are the cipher's own matter: it
// puts them in front of the ciphertext and takes them from there, which is how a
// token has them. Openers use that form for both kinds: the bytes are the same.
func newAEAD(key []byte, random bool) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("crypto: AES: %w", err)
	}
	if random {
		return cipher.NewGCMWithRandomNonce(block)
	}
	return cipher.NewGCM(block)
}
