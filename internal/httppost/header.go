package httppost

import (
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
)

// ownHeader reports whether a header is set by this package or by net/http, and
// wrong if set twice: two lengths, or a second Transfer-Encoding, are how requests
// are smuggled past a proxy. Host, Content-Type and User-Agent are the user's to
// set.
func ownHeader(name string) bool {
	switch name {
	case "Connection", "Content-Encoding", "Content-Length", "Expect", "Idempotency-Key", "Keep-Alive",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Connection":
		return true
	}
	return false
}

// checkHeaders returns the headers under their canonical names. Errors name the
// header and never its value. What net/http would refuse is found in Open, and not
// by each Send: there it would look like an outage.
func (o *Options) checkHeaders() (http.Header, error) {
	h := http.Header{}
	for name, value := range o.Headers {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !validHeaderName(name):
			return nil, fmt.Errorf("%s: Headers %q: %w: want a header's name", o.Adapter, name, ErrConfig)
		case ownHeader(canonical):
			return nil, fmt.Errorf("%s: Headers %q: %w: want none that the transport sets", o.Adapter, name, ErrConfig)
		case !validHeaderValue(value):
			return nil, fmt.Errorf("%s: Headers %q: %w: want no control characters in it", o.Adapter, name, ErrConfig)
		case h[canonical] != nil:
			return nil, fmt.Errorf("%s: Headers %q: %w: want it once, in upper or lower case", o.Adapter, name, ErrConfig)
		}
		h[canonical] = []string{value}
	}
	return h, nil
}

// validHeaderName reports whether s is a token (RFC 9110 §5.6.2).
func validHeaderName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		alphanumeric := r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		return !alphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// validHeaderValue reports whether s may be a field value (RFC 9110 §5.5).
func validHeaderValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
