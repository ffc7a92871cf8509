package https

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// credentials sets the header that says who sends. At most one of the three
// sources is configured; none is fine as well.
type credentials struct {
	header    string // canonical name
	scheme    string // what stands before the value: "Bearer " or ""
	fixed     string // from the URL's user information
	file      *tokenFile
	authorize func(context.Context) (string, error)
}

// errAuthorize is what a value that net/http would refuse gives.
var errAuthorize = errors.New("https: Authorize: the value has control characters")

// get returns the secret without its scheme, "" if there is none.
func (c *credentials) get(ctx context.Context) (string, error) {
	switch {
	case c.file != nil:
		return c.file.get()
	case c.authorize != nil:
		value, err := c.authorize(ctx)
		if err != nil {
			return "", fmt.Errorf("https: Authorize: %w", err)
		}
		if value = strings.TrimSpace(value); !validHeaderValue(value) {
			return "", errAuthorize
		}
		return value, nil
	default:
		return c.fixed, nil
	}
}

// set puts secret into h.
func (c *credentials) set(h http.Header, secret string) {
	if secret != "" {
		h[c.header] = []string{c.scheme + secret}
	}
}

// answered looks at the status for which secret was sent.
func (c *credentials) answered(status int, secret string) {
	if status == http.StatusUnauthorized && c.file != nil {
		c.file.reject(secret)
	}
}

// newCredentials checks that there is one source at most.
func newCredentials(d *Destination, u *url.URL, headers http.Header) (*credentials, error) {
	c := &credentials{header: "Authorization", authorize: d.Authorize}
	sources := []string{}
	if headers["Authorization"] != nil {
		sources = append(sources, `Headers "Authorization"`)
	}
	if u.User != nil {
		sources = append(sources, "the URL's user information")
		c.fixed = basicAuth(u.User)
	}
	if d.Authorize != nil {
		sources = append(sources, "Authorize")
	}
	if d.TokenFile != "" {
		sources = append(sources, "TokenFile")
		c.file, c.scheme = &tokenFile{path: d.TokenFile}, "Bearer "
		if _, err := c.file.get(); err != nil {
			return nil, err
		}
	}
	if len(sources) > 1 {
		return nil, fmt.Errorf("https: %s: one source of credentials is needed: %w", strings.Join(sources, ", "), ErrConfig)
	}
	return c, c.name(d, headers)
}

// name applies TokenHeader.
func (c *credentials) name(d *Destination, headers http.Header) error {
	if d.TokenHeader == "" {
		return nil
	}
	name := http.CanonicalHeaderKey(d.TokenHeader)
	switch {
	case c.file == nil:
		return fmt.Errorf("https: TokenHeader %q: there is no TokenFile: %w", d.TokenHeader, ErrConfig)
	case !validHeaderName(d.TokenHeader) || ownHeader(name) || headers[name] != nil:
		return fmt.Errorf("https: TokenHeader %q: not a header's name, or set elsewhere: %w", d.TokenHeader, ErrConfig)
	}
	c.header, c.scheme = name, ""
	return nil
}

// basicAuth is the value of an Authorization header for user (RFC 7617).
func basicAuth(user *url.Userinfo) string {
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}
