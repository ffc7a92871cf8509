package sentry

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/slogship/slogship/transport/httpstatus"
)

// The protocol's header and what it says
// (https://develop.sentry.dev/sdk/foundations/transport/authentication/).
const (
	authHeader    = "X-Sentry-Auth"
	clientName    = "slogship"
	clientVersion = "1.0" // of what events look like, not of the module
	clientTag     = clientName + "/" + clientVersion
)

// dsn is a DSN in its parts. sentry-go's own parser was rejected: its errors
// quote what they could not parse, with the key in it.
type dsn struct {
	envelope    string // URL for envelopes
	key, secret string
}

// parseDSN reads raw. keyless: the key comes from elsewhere.
func parseDSN(raw string, keyless bool) (*dsn, error) {
	u, err := httpstatus.ParseURL(raw, "https", "http")
	if err != nil {
		return nil, fmt.Errorf("sentry: DSN: %w: %w", ErrConfig, err)
	}
	at := &dsn{key: u.User.Username()}
	at.secret, _ = u.User.Password()
	switch {
	case at.key == "" && !keyless:
		return nil, fmt.Errorf("sentry: DSN %q: https://KEY@HOST/PROJECT, or a KeyFile, is needed; there is no key: %w", publicDSN(raw), ErrConfig)
	case at.key != "" && keyless:
		return nil, fmt.Errorf("sentry: DSN %q: a key in it and KeyFile: one of the two is needed: %w", publicDSN(raw), ErrConfig)
	case strings.ContainsAny(at.key+at.secret, ", \t\r\n"):
		return nil, fmt.Errorf("sentry: DSN %q: the key has white space or a comma in it: %w", publicDSN(raw), ErrConfig)
	}
	prefix, project := "", strings.TrimSuffix(u.Path, "/")
	if i := strings.LastIndexByte(project, '/'); i >= 0 {
		prefix, project = project[:i], project[i+1:]
	}
	if project == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("sentry: DSN %q: https://KEY@HOST/PROJECT is needed, without a query: %w", publicDSN(raw), ErrConfig)
	}
	target := url.URL{Scheme: u.Scheme, Host: u.Host, Path: prefix + "/api/" + project + "/envelope/"}
	at.envelope = target.String()
	return at, nil
}

// secrets are what no error may show.
func (d *dsn) secrets() []string {
	var s []string
	for _, part := range []string{d.key, d.secret} {
		if part != "" {
			s = append(s, part)
		}
	}
	return s
}

// publicDSN is raw without its key, for errors.
func publicDSN(raw string) string { return httpstatus.Redact(raw) }

// authValue is the header for a key. The secret is of old DSNs.
func authValue(key, secret string) string {
	value := "Sentry sentry_version=7, sentry_client=" + clientTag + ", sentry_key=" + key
	if secret != "" {
		value += ", sentry_secret=" + secret
	}
	return value
}
