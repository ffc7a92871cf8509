package httpstatus_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/slogship/slogship/transport/httpstatus"
)

func TestSecretsText(t *testing.T) {
	const odd = `p"w/ü+&x`
	secrets := httpstatus.NewSecrets(canary, odd, "abc", "")
	for _, form := range []string{
		canary, odd,
		url.QueryEscape(odd), url.PathEscape(odd), fmt.Sprintf("%q", odd),
		base64.StdEncoding.EncodeToString([]byte(odd)), base64.RawURLEncoding.EncodeToString([]byte(odd)),
		canary + canary,
	} {
		got := secrets.Text("before " + form + " after")
		if strings.Contains(got, strings.Trim(form, `"`)) || !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") {
			t.Errorf("Text(%q) = %q", form, got)
		}
	}
	if got := secrets.Text("the alphabet: abc"); got != "the alphabet: abc" {
		t.Errorf("a secret of three bytes was masked: %q", got)
	}
	if got := (httpstatus.Secrets{}).Text(canary); got != canary {
		t.Errorf("the zero Secrets masks: %q", got)
	}
}

// TestSecretsThatBeginAlike: a key whose beginning is a secret as well is masked
// to its end, whichever is named first.
func TestSecretsThatBeginAlike(t *testing.T) {
	const short, long = "team-key", "team-key-production"
	for _, secrets := range []httpstatus.Secrets{httpstatus.NewSecrets(short, long), httpstatus.NewSecrets(long, short)} {
		for _, form := range []string{long, base64.StdEncoding.EncodeToString([]byte(long)), short} {
			if got := secrets.Text("the key " + form + " is unknown"); got != "the key xxxxx is unknown" {
				t.Errorf("Text of %q = %q", form, got)
			}
		}
	}
}

func TestSecretsError(t *testing.T) {
	secrets := httpstatus.NewSecrets(canary)
	if secrets.Error(nil) != nil {
		t.Errorf("Error(nil) is not nil")
	}
	if err := fmt.Errorf("x: %w", io.EOF); secrets.Error(err) != err {
		t.Errorf("an error without a secret was replaced")
	}
	err := secrets.Error(fmt.Errorf("token %s: %w", canary, io.EOF))
	if text := prints(err); strings.Contains(text, canary) || errors.Is(err, io.EOF) {
		t.Errorf("the chain around a secret was kept: %s", text)
	}
	for _, target := range []error{context.Canceled, context.DeadlineExceeded} {
		err := secrets.Error(fmt.Errorf("token %s: %w", canary, target))
		if !errors.Is(err, target) || strings.Contains(prints(err), canary) {
			t.Errorf("want %v without the secret, got %s", target, prints(err))
		}
	}
}

func TestSensitive(t *testing.T) {
	for name, want := range map[string]bool{
		"Authorization": true, "X-Api-Key": true, "api_key": true, "apikey": true, "access_token": true, "sig": true,
		"X-Amz-Signature": true, "Cookie": true, "client.secret": true, "DD-API-KEY": true,
		"X-Scope-OrgID": false, "Content-Type": false, "source": false, "monkey": false, "keyboard": false, "": false,
	} {
		if got := httpstatus.Sensitive(name); got != want {
			t.Errorf("Sensitive(%q) = %v", name, got)
		}
	}
}

// TestSecretsOf: whatever Redact masks in a URL is masked in other texts, too.
func TestSecretsOf(t *testing.T) {
	for _, raw := range secretURLs() {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || strings.Contains(u.Path, "@") {
			continue // not a destination's URL
		}
		secrets := httpstatus.NewSecrets(httpstatus.SecretsOf(u, nil)...)
		if got := secrets.Text("POST " + raw + " failed"); strings.Contains(got, canary) {
			t.Errorf("%q: %q", raw, got)
		}
	}
	secrets := httpstatus.NewSecrets(httpstatus.SecretsOf(nil, http.Header{
		"Authorization": {"Bearer " + canary}, "X-Custom": {"custom-value"}, "X-Env": {"prod"}, "X-Key": {"1234"},
	})...)
	got := secrets.Text("bearer " + canary + ", custom-value, production, 1234")
	if got != "bearer xxxxx, xxxxx, production, xxxxx" {
		t.Errorf("headers: %q", got)
	}
	if httpstatus.SecretsOf(nil, nil) != nil {
		t.Errorf("secrets of nothing")
	}
}

// FuzzSecrets: whatever was configured is in no text afterwards, plain or in
// any of its disguises.
func FuzzSecrets(f *testing.F) {
	f.Add("s3cr3tCANARYv4lue", "before ", " after")
	f.Add("a\"b\\c\nd", "\"", "\"")
	f.Add("p&ss wörd/+=", "", "p&ss")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		if len(secret) < 6 || strings.Contains("xxxxxxxxxx", secret) {
			t.Skip()
		}
		secrets := httpstatus.NewSecrets(secret)
		for _, form := range []string{
			secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
		} {
			got := secrets.Text("(" + form + ")")
			if strings.Contains(got, form) {
				t.Errorf("Text(%q) = %q", form, got)
			}
			if strings.Contains(secret, "x") {
				continue // the mask beside it may make one anew
			}
			if got := secrets.Text(before + form + after); strings.Contains(got, secret) {
				t.Errorf("Text(%q) = %q", before+form+after, got)
			}
		}
	})
}
