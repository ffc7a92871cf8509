package config_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport"
)

// talkative shows all that it was made of in its errors, in some ways.
type talkative struct{ Addr, Token string }

func (d talkative) Open() (transport.Transport, error) {
	cut := fmt.Sprintf("%.60q", d.Token)
	return nil, fmt.Errorf("talkative: %s: want another than %q, %s, %s, %s… and its end %s",
		d.Token, d.Token, url.QueryEscape(d.Token), url.PathEscape(d.Token), cut, d.Token[len(d.Token)/2:])
}

// What a file holds is in no error of a destination, however that writes it: in
// quotes, escaped, cut, and where one secret is how another begins.
func TestSecretsInOtherWords(t *testing.T) {
	const core = "0s3cr3t1s3cr3t2s3cr3t3"
	for what, secret := range map[string]string{
		"plain":                 core,
		"with quotes":           `a"` + core + `\b`,
		"with control":          core + "\t" + core + "\x01",
		"for a URL":             core + " /?&%=" + core,
		"long":                  strings.Repeat(core, 20),
		"not ASCII":             "ü" + core + "\u2028\U0001F511" + core,
		"a webhook's URL":       "https://hooks.example/services/" + core,
		"of more than one line": core + "\n" + core,
	} {
		dir := filepath.ToSlash(t.TempDir())
		for name, text := range map[string]string{"whole": secret, "begin": core[:9]} {
			if err := os.WriteFile(dir+"/"+name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := config.Parse("f", fmt.Appendf(nil, "logging: {routes: [{name: a, output: {type: talkative, addr: '${file:%s/begin}', token: '${file:%s/whole}'}}]}", dir, dir),
			&config.Options{Schemes: config.Schemes{"talkative": config.SchemeOf[talkative](nil)}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Open("any")
		if !hidden(t, what, err) {
			t.Errorf("%s: no error, or it shows: %v", what, err)
		}
		if err != nil && !strings.Contains(err.Error(), "want another than") {
			t.Errorf("%s: the rest of the error is gone: %v", what, err)
		}
	}
}

// The same for the error of a scheme, which should show none and is not trusted
// to.
func TestSecretsInErrorsOfSchemes(t *testing.T) {
	talk := config.SchemeOf(func(_ *talkative, u *url.URL) error {
		password, _ := u.User.Password()
		return errors.New("no " + fmt.Sprintf("%q, %q, %q", password, u.Query().Get("a"), u.Query().Get("b")))
	})
	// The one parameter is how the other begins.
	for range 20 { // they are kept in a map
		_, err := config.Parse("f", []byte(`logging: {routes: [{name: a, output: 'talk://u:x%22s3cr3t@h?a=abc&b=abcs3cr3t'}]}`), &config.Options{Schemes: config.Schemes{"talk": talk}})
		if !hidden(t, "a URL", err) {
			t.Fatalf("no error, or it shows: %v", err)
		}
	}
}
