package httpstatus

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// mask stands for what was taken out. net/url's Redacted uses the same, and it
// needs no escaping anywhere in a URL.
const mask = "xxxxx"

// minToken is how long a path segment must be to be taken for a token. Slack's
// webhooks have 24 characters, Discord's and Teams' more; names of indexes and
// API versions are shorter, or have no digit.
const minToken = 20

// ErrURL is in the chain of every error of [ParseURL].
var ErrURL = errors.New("malformed URL")

// Redact returns raw without what may be secret in it: the user information,
// the value of each query parameter, the fragment, and path segments that look
// like a token (20 bytes or more with letters and digits, as in a webhook's
// URL). Scheme, host, path and parameter names stay, to tell which of several
// destinations it was.
//
// url.URL.Redacted masks the password alone, and what net/http puts into its
// errors still has ?api_key=… in it. What does not parse as an absolute URL is
// masked whole: no rule can tell which part of it was the password.
func Redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return mask
	}
	// https://user:12/3@host parses, as the host "user" with the path "/3@host":
	// the password had a slash that should have been escaped.
	if strings.Contains(raw, "@") && u.User == nil {
		return mask
	}
	b := new(strings.Builder)
	fmt.Fprintf(b, "%s://", u.Scheme)
	if u.User != nil {
		b.WriteString(mask + "@")
	}
	b.WriteString(u.Host)
	b.WriteString(redactPath(u.EscapedPath()))
	if u.RawQuery != "" {
		b.WriteString("?" + redactQuery(u.RawQuery))
	}
	if u.Fragment != "" {
		b.WriteString("#" + mask)
	}
	return b.String()
}

func redactPath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if tokenLike(s) {
			segments[i] = mask
		}
	}
	return strings.Join(segments, "/")
}

// tokenLike reports whether a path segment may be a webhook's token.
func tokenLike(segment string) bool {
	return len(segment) >= minToken &&
		strings.ContainsFunc(segment, unicode.IsDigit) && strings.ContainsFunc(segment, unicode.IsLetter)
}

// redactQuery works on the raw text rather than on url.Values, which drops what
// it cannot parse. A parameter without "=" may be a bare token: masked whole.
func redactQuery(query string) string {
	parts := queryParts(query)
	for i, part := range parts {
		name, _, found := strings.Cut(part, "=")
		if !found {
			parts[i] = mask
			continue
		}
		parts[i] = name + "=" + mask
	}
	return strings.Join(parts, "&")
}

func queryParts(query string) []string {
	return strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
}

// ParseURL is url.Parse for an absolute URL with one of the given schemes, with
// an error that holds nothing of raw. url.Parse's own error quotes all of it
// (`parse "https://user:s3cret@ho st": …`), and even its cause may hold a part
// of the password (`invalid port ":s3cret" after host`), so that neither is
// wrapped.
func ParseURL(raw string, schemes ...string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrURL, parseReason(err))
	}
	known := false
	for _, s := range schemes {
		known = known || u.Scheme == s
	}
	switch {
	case !known:
		return nil, fmt.Errorf("%w: it must begin with %s://", ErrURL, strings.Join(schemes, ":// or "))
	case u.Hostname() == "":
		return nil, fmt.Errorf("%w: no host", ErrURL)
	case strings.Contains(u.Path, "@") && u.User == nil:
		return nil, fmt.Errorf("%w: an @ behind the host: is a password in it that needs %%-escaping?", ErrURL)
	}
	return u, nil
}

// parseReason says in our own words what url.Parse did not like.
func parseReason(err error) string {
	if _, ok := errors.AsType[url.InvalidHostError](err); ok {
		return "invalid character in the host"
	}
	if _, ok := errors.AsType[url.EscapeError](err); ok {
		return "invalid %-escape"
	}
	return "it does not parse"
}
