package httpstatus

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// minMasked is the length from which on a configured value is taken for a
// secret whatever its name. Shorter ones ("prod", "web") would be masked in the
// middle of words of the server's answer.
const minMasked = 8

// Sensitive reports whether a header or query parameter of this name holds a
// credential, by the words of its name: X-Api-Key, access_token, sig.
func Sensitive(name string) bool {
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

// SecretsOf returns what [NewSecrets] has to know of a request to u with the
// headers h: what [Redact] masks, and headers that are named like a credential or
// are long enough to be one. Either may be nil.
func SecretsOf(u *url.URL, h http.Header) []string {
	secrets := secretsOfURL(u)
	for name, values := range h {
		for _, v := range values {
			secrets = append(secrets, secretsOfValue(name, v)...)
		}
	}
	return secrets
}

func secretsOfURL(u *url.URL) []string {
	if u == nil {
		return nil
	}
	secrets := []string{u.Fragment}
	if u.User != nil {
		password, _ := u.User.Password()
		basic := base64.StdEncoding.EncodeToString([]byte(u.User.Username() + ":" + password))
		secrets = append(secrets, u.User.String(), basic, password)
		if password == "" {
			secrets = append(secrets, u.User.Username()) // a token in the user's place
		}
	}
	for _, part := range queryParts(u.RawQuery) {
		name, value, found := strings.Cut(part, "=")
		if !found {
			name, value = "", part
		}
		secrets = append(secrets, secretsOfValue(name, value)...)
		if plain, err := url.QueryUnescape(value); err == nil {
			secrets = append(secrets, secretsOfValue(name, plain)...)
		}
	}
	for segment := range strings.SplitSeq(u.EscapedPath(), "/") {
		if tokenLike(segment) {
			secrets = append(secrets, segment)
		}
	}
	return secrets
}

// secretsOfValue returns value, and what follows the scheme's name in a
// credential ("Bearer …").
func secretsOfValue(name, value string) []string {
	if !Sensitive(name) && len(value) < minMasked {
		return nil
	}
	if _, credential, ok := strings.Cut(value, " "); ok && Sensitive(name) {
		return []string{value, credential}
	}
	return []string{value}
}
