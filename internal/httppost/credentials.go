package httppost

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/slogship/slogship/internal/option"
)

// credentials sets the header that says who sends. At most one of the three
// sources is configured; none is fine as well.
type credentials struct {
	adapter   string                     // for errors
	header    string                     // canonical name
	format    func(secret string) string // of a file's contents; nil: as it is
	fixed     string                     // from the URL's user information
	file      *tokenFile
	authorize func(context.Context) (string, error)
}

// errAuthorize is what a value that net/http would refuse gives.
var errAuthorize = errors.New("the value has control characters")

// get returns the secret without its scheme, "" if there is none.
func (c *credentials) get(ctx context.Context) (string, error) {
	switch {
	case c.file != nil:
		return c.file.get()
	case c.authorize != nil:
		value, err := c.authorize(ctx)
		if err != nil {
			return "", fmt.Errorf("%s: Authorize: %w", c.adapter, err)
		}
		if value = strings.TrimSpace(value); !validHeaderValue(value) {
			return "", fmt.Errorf("%s: Authorize: %w", c.adapter, errAuthorize)
		}
		return value, nil
	default:
		return c.fixed, nil // with its scheme: format is for files alone
	}
}

// set puts secret into h.
func (c *credentials) set(h http.Header, secret string) {
	if secret != "" {
		h[c.header] = []string{c.value(secret)}
	}
}

// value is what the header says for secret.
func (c *credentials) value(secret string) string {
	if c.format == nil || secret == "" {
		return secret
	}
	return c.format(secret)
}

// answered looks at the status for which secret was sent. 403 is not taken for a
// rejection: it says that the secret is known, and may not do this.
func (c *credentials) answered(status int, secret string) {
	if status == http.StatusUnauthorized && c.file != nil {
		c.file.reject(secret)
	}
}

// usePassword makes PasswordFile the TokenFile, which it is but for the header's
// value.
func (o *Options) usePassword() error {
	if err := option.Check(o.Adapter, option.Fields{
		{"Username", o.Username, (o.Username == "") != (o.PasswordFile == ""), "one with PasswordFile, and none without"},
		{"Username", o.Username, strings.Contains(o.Username, ":"), "no colon, which Basic authorization has behind the name"},
		{"PasswordFile", nil, o.PasswordFile != "" && o.TokenFile != "", "one source of credentials, and there is " + o.TokenField},
		{"TokenHeader", o.TokenHeader, o.PasswordFile != "" && o.TokenHeader != "", "none with PasswordFile"},
	}); err != nil || o.PasswordFile == "" {
		return err
	}
	user := o.Username
	o.TokenField, o.TokenFile = "PasswordFile", o.PasswordFile
	o.TokenValue = func(password string) string { return basicAuth(user, password) }
	return nil
}

// newCredentials checks that there is one source at most: with two, an order of
// precedence would decide in silence who sends. The file is read here once, so that
// a wrong path is found at the start and not by the first batch.
func newCredentials(o *Options, u *url.URL, headers http.Header) (*credentials, error) {
	c := &credentials{adapter: o.Adapter, header: "Authorization", authorize: o.Authorize}
	sources := []string{}
	if headers["Authorization"] != nil {
		sources = append(sources, `Headers "Authorization"`)
	}
	if u.User != nil {
		sources = append(sources, "the URL's user information")
		password, _ := u.User.Password()
		c.fixed = basicAuth(u.User.Username(), password)
	}
	if o.Authorize != nil {
		sources = append(sources, "Authorize")
	}
	if o.TokenFile != "" {
		sources = append(sources, o.TokenField)
		c.file, c.format = &tokenFile{path: o.TokenFile, what: o.Adapter + ": " + o.TokenField}, o.TokenValue
		if c.format == nil {
			c.format = bearer
		}
		if _, err := c.file.get(); err != nil {
			return nil, err
		}
	}
	if len(sources) > 1 {
		return nil, fmt.Errorf("%s: %s: %w: want one source of credentials", o.Adapter, strings.Join(sources, ", "), ErrConfig)
	}
	return c, c.name(o, headers)
}

// name applies TokenHeader.
func (c *credentials) name(o *Options, headers http.Header) error {
	if o.TokenHeader == "" {
		return nil
	}
	name := http.CanonicalHeaderKey(o.TokenHeader)
	switch {
	case c.file == nil:
		return fmt.Errorf("%s: TokenHeader %q: %w: want none without TokenFile", o.Adapter, o.TokenHeader, ErrConfig)
	case !validHeaderName(o.TokenHeader) || ownHeader(name) || headers[name] != nil:
		return fmt.Errorf("%s: TokenHeader %q: %w: want a header's name that nothing else sets", o.Adapter, o.TokenHeader, ErrConfig)
	}
	c.header, c.format = name, o.TokenValue
	return nil
}

// bearer is the value of an Authorization header for token (RFC 6750).
func bearer(token string) string { return "Bearer " + token }

// basicAuth is the value of an Authorization header for a user (RFC 7617).
func basicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
