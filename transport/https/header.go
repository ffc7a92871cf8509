package https

import (
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// ownHeaders are set by this package or by net/http, and wrong if set twice.
func ownHeader(name string) bool {
	switch name {
	case "Connection", "Content-Encoding", "Content-Length", "Expect", "Idempotency-Key", "Keep-Alive",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Connection":
		return true
	}
	return false
}

// checkHeaders returns the headers under their canonical names. Errors name the
// header and never its value.
func checkHeaders(headers map[string]string) (http.Header, error) {
	h := http.Header{}
	for name, value := range headers {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !validHeaderName(name):
			return nil, fmt.Errorf("https: Headers %q: not a header's name: %w", name, ErrConfig)
		case ownHeader(canonical):
			return nil, fmt.Errorf("https: Headers %q: the transport sets this one: %w", name, ErrConfig)
		case !validHeaderValue(value):
			return nil, fmt.Errorf("https: Headers %q: its value has control characters: %w", name, ErrConfig)
		case h[canonical] != nil:
			return nil, fmt.Errorf("https: Headers %q: there twice, in upper and lower case: %w", name, ErrConfig)
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

// sensitive reports whether a header or query parameter of this name holds a
// credential, by the words of its name: X-Api-Key, access_token, sig.
func sensitive(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune("-_.", r) })
	return slices.ContainsFunc(words, func(w string) bool {
		switch w {
		case "auth", "authorization", "token", "key", "apikey", "secret", "password", "passwd", "pwd",
			"cookie", "credential", "credentials", "sig", "signature", "jwt", "session":
			return true
		}
		return false
	})
}

// minMasked is the length from which on any configured value is taken for a
// secret, whatever its name. Shorter ones ("prod", "web") would be masked in the
// middle of words of the server's answer.
const minMasked = 8

// maskable returns what must not appear in errors of a header or query
// parameter: its value, and what follows the scheme's name ("Bearer …").
func maskable(name, value string) []string {
	if !sensitive(name) && len(value) < minMasked {
		return nil
	}
	if _, credential, ok := strings.Cut(value, " "); ok && sensitive(name) {
		return []string{value, credential}
	}
	return []string{value}
}

// staticSecrets are those of the configuration; tokens come on top.
func staticSecrets(u *url.URL, headers http.Header) []string {
	var secrets []string
	if u.User != nil {
		password, _ := u.User.Password()
		secrets = append(secrets, u.User.String(), password, basicAuth(u.User))
		if password == "" {
			secrets = append(secrets, u.User.Username()) // a token as the user's name
		}
	}
	for name, values := range u.Query() {
		for _, v := range values {
			secrets = append(secrets, maskable(name, v)...)
		}
	}
	for name, values := range headers {
		secrets = append(secrets, maskable(name, values[0])...)
	}
	return secrets
}
