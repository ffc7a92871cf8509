package crypto

import (
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
)

// place is where a value stands. The path is in two parts so that the log call
// does not join strings.
type place struct {
	prefix string // of the groups, with a dot at its end; "" at the top
	key    string
}

// cutPath is what of a path a token has room for. What is compared with a token's
// path is cut in the same way.
func cutPath(path string) string { return path[:min(len(path), maxPath)] }

// seal appends v's token to dst, or returns false when this subkey has sealed
// all it may. work is the scratch memory; it is returned for the next call.
//
// The body is built in work behind the head, which is there because both are
// authenticated and the cipher wants that in one piece. The value is encrypted
// in place, so plain text does not outlive the call in work either.
func (k *subkey) seal(dst, work []byte, id *encode.ID, service string, at place, v slog.Value) (_, _ []byte, ok bool) {
	n := k.seals.Add(1)
	if n > maxSeals {
		return dst, work, false
	}
	work = append(append(work[:0], k.head...), id[:]...)
	work = append(append(work, byte(len(service))), service...)
	work = appendPath(work, at)
	aad := len(work)
	if k.random {
		work = appendValue(work, v)
		work = k.aead.Seal(work[:aad], nil, work[aad:], work[:aad])
	} else {
		// The counter alone makes nonces unique for this subkey, whose salt no other
		// process has.
		work = binary.BigEndian.AppendUint32(work, uint32(n))
		work = appendMoment(work, id)
		box := len(work)
		work = appendValue(work, v)
		work = k.aead.Seal(work[:box], work[aad:box], work[box:], work[:aad])
	}
	dst = append(dst, k.head...)
	dst = base64.RawURLEncoding.AppendEncode(dst, work[len(k.head):])
	return append(dst, tokenEnd), work, true
}

// appendMoment appends the rest of a nonce. It is for the case that another process
// has the salt and the counter after all: a virtual machine, restored twice from one
// snapshot. The record's id begins with the time. What is sealed for a logger has
// none, and there are few of those, so that they can afford to ask the clock.
func appendMoment(dst []byte, id *encode.ID) []byte {
	if id.IsZero() {
		return binary.BigEndian.AppendUint64(dst, uint64(time.Now().UnixNano()))
	}
	return append(dst, id[:nonceSize-4]...)
}

// appendPath appends the path with its length.
func appendPath(dst []byte, at place) []byte {
	n := min(len(at.prefix)+len(at.key), maxPath)
	prefix := at.prefix[:min(len(at.prefix), n)]
	dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	return append(append(dst, prefix...), at.key[:n-len(prefix)]...)
}
