package crypto

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"log/slog"
)

// HashPrefix is what every hash begins with.
const HashPrefix = "sloghash1."

const indexLabel = "slogship index v1 "

// Index returns the hash that a Sealer with this HashKey writes for value under
// the index called name: what to search for. The type counts: the hash of 5 is
// not that of "5".
func (k *Key) Index(name string, value any) string {
	text, _ := appendHash(nil, nil, newHasher(k), k.id, name, resolve(slog.AnyValue(value)))
	return string(text)
}

// newHasher returns HMAC-SHA-256 (RFC 2104). Its keyed state is what pooling it
// saves.
func newHasher(k *Key) hash.Hash { return hmac.New(sha256.New, k.secret()[:]) }

// appendHash appends sloghash1.KEYID.HASH: the HMAC of the index's name, with
// its length before it, and the value in the form in which it would be sealed.
func appendHash(dst, work []byte, h hash.Hash, id, name string, v slog.Value) (_, _ []byte) {
	work = append(work[:0], indexLabel...)
	work = appendText(work, name)
	work = appendValue(work, v)
	h.Reset()
	h.Write(work)
	sum := len(work)
	work = h.Sum(work)
	dst = append(append(dst, HashPrefix...), id...)
	dst = base64.RawURLEncoding.AppendEncode(append(dst, '.'), work[sum:])
	return dst, work
}
