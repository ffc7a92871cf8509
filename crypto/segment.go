package crypto

import (
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
)

// SegmentKeys makes the keys that a disk buffer's segments are encrypted with,
// and finds them again: a key each, derived from the keyring's sealing key and a
// random salt, by HKDF-SHA-256 (RFC 5869). It is safe for concurrent use. What the
// keyring was rotated away from still opens, so keep old keys until no
// segment needs them.
type SegmentKeys struct {
	ring *Keyring
	open *Opener
}

// NewSegmentKeys returns the keys that ring gives.
func NewSegmentKeys(ring *Keyring) *SegmentKeys {
	return &SegmentKeys{ring: ring, open: NewOpener(ring, nil)}
}

// New makes a key for the segment that name is the name of, and the bytes by which
// Open finds it. The cipher chooses its nonces at random and puts them in front of
// the ciphertext: the only way that FIPS 140-3 allows; 2^32 of them, which are
// the limit, are far more records than a segment has. Errors wrap [ErrKey]: there
// is no sealing key, or the key service has been away for too long.
func (k *SegmentKeys) New(name []byte) (aead cipher.AEAD, head []byte, err error) {
	sealing := k.ring.sealing.Load()
	if sealing == nil {
		return nil, nil, fmt.Errorf("crypto: key of a segment: the keyring has no sealing key: %w", ErrKey)
	}
	m := sealing.from
	var salt [saltSize]byte
	rand.Read(salt[:]) // never fails: it ends the process instead
	key, commit, err := deriveSegment(m.secret(), m.id, salt[:], name)
	if err != nil {
		return nil, nil, err
	}
	if aead, err = newAEAD(key, true); err != nil {
		return nil, nil, err
	}
	return aead, appendSegmentHead(nil, m, salt, commit), nil
}

// segmentHead is the version and kind of a head: a key of the ring, or an
// envelope key.
const (
	segmentKey      = 0x11
	segmentEnvelope = 0x12
)

// appendSegmentHead appends kind, key id with its length, salt, commitment and,
// of an envelope key, the wrapped data key.
func appendSegmentHead(dst []byte, m material, salt [saltSize]byte, commit []byte) []byte {
	kind := byte(segmentKey)
	if m.wrapped != nil {
		kind = segmentEnvelope
	}
	dst = append(dst, kind, byte(len(m.id)))
	dst = append(append(dst, m.id...), salt[:]...)
	return append(append(dst, commit...), m.wrapped...)
}

// Open returns the key that New has made with this head and name. For a key of a key
// service it makes a call of it each time, which ends after 10 s. Errors wrap
// [ErrTruncated], [ErrVersion], [ErrUnknownKey], [ErrWrongKey] or
// [ErrUnavailable]; only the last may be gone on another attempt.
func (k *SegmentKeys) Open(head, name []byte) (cipher.AEAD, error) {
	t, err := parseSegmentHead(head)
	if err != nil {
		return nil, err
	}
	secret, err := k.open.secret(context.Background(), t)
	if err != nil {
		return nil, err
	}
	key, commit, err := deriveSegment(secret, t.KeyID, t.salt, name)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(commit, t.commit) != 1 {
		return nil, fmt.Errorf("crypto: open a segment with key %q: %w", t.KeyID, ErrWrongKey)
	}
	return newAEAD(key, true)
}

func parseSegmentHead(head []byte) (*sealed, error) {
	if len(head) < 2 {
		return nil, fmt.Errorf("crypto: key of a segment: %w", ErrTruncated)
	}
	kind, n := head[0], int(head[1])
	if kind != segmentKey && kind != segmentEnvelope {
		return nil, fmt.Errorf("crypto: key of a segment: kind %#x: %w", kind, ErrVersion)
	}
	rest := head[2:]
	if len(rest) < n+saltSize+commitSize {
		return nil, fmt.Errorf("crypto: key of a segment: %w", ErrTruncated)
	}
	t := &sealed{Token: Token{KeyID: string(rest[:n])}}
	rest = rest[n:]
	t.salt, t.commit = rest[:saltSize], rest[saltSize:saltSize+commitSize]
	if kind == segmentEnvelope {
		// Not sent to the service without one: it would say that it is unavailable, and
		// the caller would come back with the same head for ever.
		if t.Wrapped = rest[saltSize+commitSize:]; len(t.Wrapped) == 0 {
			return nil, fmt.Errorf("crypto: key of a segment: no data key: %w", ErrTruncated)
		}
	}
	return t, nil
}

// deriveSegment is derive for a segment: other words, so that no key is one of
// both, and the segment's name, so that a head that is copied to another segment
// opens nothing there.
func deriveSegment(secret *[KeySize]byte, id string, salt, name []byte) (key, commit []byte, err error) {
	out, err := hkdf.Key(sha256.New, secret[:], salt, "slogship segment v1 "+id+"\x00"+string(name), KeySize+commitSize)
	if err != nil {
		return nil, nil, fmt.Errorf("crypto: derive from key %q: %w", id, err)
	}
	return out[:KeySize:KeySize], out[KeySize:], nil
}
