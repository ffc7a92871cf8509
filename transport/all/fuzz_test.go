package all_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/all"
)

// FuzzURL: no text makes a scheme panic, and no password is in an error (S10),
// wherever it stands in a URL.
func FuzzURL(f *testing.F) {
	for _, forms := range formsOf() {
		for _, form := range forms {
			f.Add(form.url)
		}
	}
	for _, bad := range badURLs() {
		f.Add(bad)
	}
	schemes := all.Schemes()
	f.Fuzz(func(t *testing.T, text string) {
		// The text as it is, and with a password put before its host.
		scheme, rest, _ := strings.Cut(text, "://")
		for _, u := range []string{text, scheme + "://user:" + canary + "@" + rest} {
			quoted := "'" + strings.ReplaceAll(u, "'", "''") + "'"
			_, err := config.Parse("f.yaml", []byte("logging: {routes: [{name: r, output: "+quoted+"}]}"), &config.Options{
				Schemes: schemes, Lookup: func(string) (string, bool) { return "", false },
			})
			if err != nil && strings.Contains(err.Error(), canary) && !strings.Contains(text, canary) {
				t.Errorf("%q: %v", u, err)
			}
			var at *config.Error
			if err != nil && !errors.As(err, &at) {
				t.Errorf("%q: %v says no place", u, err)
			}
		}
	})
}
