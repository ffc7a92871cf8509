package all_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/all"
	"github.com/slogship/slogship/transport/amqp"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/kafka"
	"github.com/slogship/slogship/transport/loki"
	"github.com/slogship/slogship/transport/otlp"
)

// odd is a password with all that means something in a URL, in YAML, or in a
// reference.
const odd = "p@:/?#[]%25${X}&=+ '\"\\ü\U0001F511!$^,;{}|~"

// login returns user and password of a destination.
func login(t *testing.T, d transport.Destination) (user, password string) {
	t.Helper()
	raw := ""
	switch d := d.(type) {
	case amqp.Destination:
		return d.Username, d.Password
	case kafka.Destination:
		return d.SASL.Username, d.SASL.Password
	case https.Destination:
		raw = d.URL
	case elasticsearch.Destination:
		raw = d.URLs[1]
	case loki.Destination:
		raw = d.URL
	case otlp.Destination:
		raw = d.URL
	}
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal("the URL does not parse")
	}
	password, _ = u.User.Password()
	return u.User.Username(), password
}

// A password that a variable holds reaches the destination as it is, whatever is
// in it, and so does one that is escaped in the file.
func TestPasswords(t *testing.T) {
	lookup := func(name string) (string, bool) { return odd, name == "PW" }
	for _, c := range []struct{ scheme, rest string }{
		{"amqps", "h/v?exchange=x"}, {"kafka+tls", "b1,b2/t"}, {"https", "h/x"}, {"elasticsearch+https", "a:1,b:2"},
		{"loki+https", "h"}, {"otlp+https", "h"}, {"otlp+grpcs", "h:4317"},
	} {
		escaped := strings.NewReplacer("'", "%27", ":", "%3A", "@", "%40", "/", "%2F").Replace(url.PathEscape(odd))
		for _, password := range []string{"${PW}", escaped} {
			text := "logging: {routes: [{name: r, output: '" + c.scheme + "://${PW}:" + password + "@" + c.rest + "'}]}"
			cfg, err := config.Parse("p.yaml", []byte(text), &config.Options{Schemes: all.Schemes(), Lookup: lookup})
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			routes, err := cfg.Routes("")
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			if u, p := login(t, routes[0].To); u != odd || p != odd {
				t.Errorf("%s:\n got %q and %q\nwant %q", text, u, p, odd)
			}
		}
	}
}
