package crypto

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/slogship/slogship/encode"
)

// Prefix is what every token of this version begins with, so that grep finds
// them. A later version has another number in it.
const Prefix = "slogseal1."

const (
	anyPrefix = "slogseal" // of all versions: digits and a dot follow
	tokenEnd  = '~'

	headKey      = 1 // the salt is for a key of the ring
	headEnvelope = 2 // … for the data key that follows, wrapped

	minHead = 1 + saltSize + commitSize
	minBody = len(encode.ID{}) + 1 + 2 + nonceSize + 1 + tagSize

	// maxPath bounds the path in a token. A longer one is cut, here and where it
	// is compared.
	maxPath = 1 << 10

	maxService = 255
	maxWrapped = 4 << 10 // bytes of a wrapped data key
)

// Token is what a sealed value says of itself without a key. Nothing of it is
// proven until the value has been opened.
//
// A record's attributes carry a token as a plain string, so that no encoder,
// buffer or destination has to know of it.
type Token struct {
	KeyID   string
	Service string    // Resource.Service of the process that sealed it
	Path    string    // the attribute's, dotted; "" is the message
	Record  encode.ID // zero: sealed for a logger (its With), not for one record
	Wrapped []byte    // the wrapped data key; nil without a key service
}

// Parse reads what a token says of itself. s must be a token and nothing else.
// Errors wrap [ErrNotToken], [ErrVersion], [ErrTruncated] or [ErrTampered].
func Parse(s string) (Token, error) {
	t, err := parse(s)
	return t.Token, err
}

// sealed is a token taken apart.
//
//	slogseal1. key-id . base64url(head) . base64url(body) ~
//
//	head  +---------+---------+---------------+------------------+
//	      | kind u8 | salt 16 | commitment 32 | wrapped data key |
//	      +---------+---------+---------------+------------------+
//	body  +-----------+--------+---------+----------+------+-------+------------+--------+
//	      | record 16 | len u8 | service | len u16  | path | nonce | ciphertext | tag 16 |
//	      +-----------+--------+---------+----------+------+-------+------------+--------+
//	      '------------- authenticated with all before the body -----'
type sealed struct {
	Token
	head   string // the text before the body, as a name for its subkey
	salt   []byte
	commit []byte
	aad    []byte
	box    []byte // nonce, ciphertext and tag
}

// parse takes a token apart. The order of its checks is that of FORMAT.md, so
// that each way to be wrong has one error.
func parse(s string) (t sealed, err error) {
	rest, ok := strings.CutPrefix(s, Prefix)
	if !ok {
		return t, notToken(s)
	}
	text, ended := strings.CutSuffix(rest, string(tokenEnd))
	if !ended {
		return t, fmt.Errorf("crypto: parse token: no end: %w", ErrTruncated)
	}
	id, text, ok := strings.Cut(text, ".")
	head64, body64, ok2 := strings.Cut(text, ".")
	if !ok || !ok2 {
		return t, fmt.Errorf("crypto: parse token: %w", ErrTruncated)
	}
	t.KeyID = id
	t.head = s[:len(s)-len(body64)-1]
	if !validKeyID(id) {
		return t, fmt.Errorf("crypto: parse token: key id: %w", ErrTampered)
	}
	head, err := decode64(head64)
	if err != nil {
		return t, err
	}
	if err := t.readHead(head); err != nil {
		return t, err
	}
	body, err := decode64(body64)
	if err != nil {
		return t, err
	}
	return t, t.readBody(body)
}

// notToken tells a token of a later version from other text.
func notToken(s string) error {
	rest, ok := strings.CutPrefix(s, anyPrefix)
	digits := strings.TrimLeft(rest, "0123456789")
	if ok && len(digits) < len(rest) && strings.HasPrefix(digits, ".") {
		return fmt.Errorf("crypto: parse token: %w", ErrVersion)
	}
	return fmt.Errorf("crypto: parse token: %w", ErrNotToken)
}

// decode64 reads base64url strictly: one text for each value, or a changed
// token could mean the same.
func decode64(s string) ([]byte, error) {
	for i := range len(s) {
		if !isTokenByte(s[i]) { // the decoder would skip line breaks
			return nil, fmt.Errorf("crypto: parse token: byte %#02x: %w", s[i], ErrTampered)
		}
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil { // its text holds an offset, nothing else
		return nil, fmt.Errorf("crypto: parse token: %w: %w", err, ErrTampered)
	}
	return b, nil
}

// readHead reads what all tokens of one subkey begin with.
func (t *sealed) readHead(b []byte) error {
	if len(b) < minHead {
		return fmt.Errorf("crypto: parse token: head of %d bytes: %w", len(b), ErrTampered)
	}
	t.salt, t.commit = b[1:1+saltSize], b[1+saltSize:minHead]
	wrapped := b[minHead:]
	switch {
	case b[0] == headKey && len(wrapped) == 0:
		return nil
	case b[0] == headEnvelope && len(wrapped) > 0 && len(wrapped) <= maxWrapped:
		t.Wrapped = wrapped
		return nil
	}
	return fmt.Errorf("crypto: parse token: head of kind %d: %w", b[0], ErrTampered)
}

// readBody reads a token's own part. minBody has seen to it that the fixed fields
// are there; the two with a length are checked as they come.
func (t *sealed) readBody(b []byte) error {
	if len(b) < minBody {
		return fmt.Errorf("crypto: parse token: body of %d bytes: %w", len(b), ErrTampered)
	}
	i := copy(t.Record[:], b)
	service, i, ok := piece(b, i+1, int(b[i]))
	if !ok || len(b) < i+2 {
		return fmt.Errorf("crypto: parse token: service: %w", ErrTampered)
	}
	path, i, ok := piece(b, i+2, int(binary.BigEndian.Uint16(b[i:])))
	if !ok || len(b)-i < nonceSize+1+tagSize {
		return fmt.Errorf("crypto: parse token: path: %w", ErrTampered)
	}
	t.Service, t.Path = service, path
	t.aad = append([]byte(t.head), b[:i]...)
	t.box = b[i:]
	return nil
}

// piece returns the n bytes of b from i on, and the index behind them.
func piece(b []byte, i, n int) (string, int, bool) {
	if n > len(b)-i {
		return "", 0, false
	}
	return string(b[i : i+n]), i + n, true
}
