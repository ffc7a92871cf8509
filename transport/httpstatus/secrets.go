package httpstatus

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// minSecret is the shortest text that is looked for. Masking every "a" would
// make errors unreadable and would not keep the secret "a" secret.
const minSecret = 4

// Secrets are texts that must not appear in an error, such as a token that a
// server's answer repeats ("invalid token: …"). Make them with [NewSecrets]. The
// zero value removes nothing. It is safe for concurrent use.
type Secrets struct{ replacer *strings.Replacer }

// NewSecrets takes the secrets as they were configured. Their usual disguises
// are looked for as well: escaped for a URL, quoted by %q, and in base64. Those
// of less than 4 bytes are left out. The order does not matter.
func NewSecrets(values ...string) Secrets {
	var forms []string
	add := func(s string) { forms = append(forms, s) }
	for _, v := range values {
		if len(v) < minSecret {
			continue
		}
		add(base64.StdEncoding.EncodeToString([]byte(v)))
		add(base64.RawURLEncoding.EncodeToString([]byte(v)))
		add(url.QueryEscape(v))
		add(url.PathEscape(v))
		add(strings.Trim(strconv.Quote(v), `"`))
		add(v)
	}
	if len(forms) == 0 {
		return Secrets{}
	}
	// A Replacer prefers the earliest match, and of those that begin there the
	// first argument. So the longest goes first: of two keys of which one begins
	// with the other, the longer one's end would be left to read.
	slices.SortStableFunc(forms, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range forms {
		pairs = append(pairs, form, mask)
	}
	return Secrets{strings.NewReplacer(pairs...)}
}

// Text returns s with each secret masked.
func (x Secrets) Text(s string) string {
	if x.replacer == nil {
		return s
	}
	return x.replacer.Replace(s)
}

// Error returns err if its text holds no secret, else an error with the masked
// text. Of its chain only context errors are kept then: whatever else is in it
// was built around the secret. Error(nil) is nil.
func (x Secrets) Error(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if masked := x.Text(text); masked != text {
		return &textError{masked, contextError(err)}
	}
	return err
}

// contextError returns the context's error in err's chain, which has a constant
// text, or nil.
func contextError(err error) error {
	for _, target := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, target) {
			return target
		}
	}
	return nil
}
