package httpstatus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/slogship/slogship/transport/httpstatus"
)

const canary = "s3cr3tCANARYv4lue"

func TestRedact(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"https://logs.example.com:8443/v1/ingest", "https://logs.example.com:8443/v1/ingest"},
		{"https://user:pw@h/p", "https://xxxxx@h/p"},
		{"https://user@h/p", "https://xxxxx@h/p"},
		{"https://h/p?api_key=1&source=web", "https://h/p?api_key=xxxxx&source=xxxxx"},
		{"https://h/p?bare", "https://h/p?xxxxx"},
		{"https://h/p?a=1;b=2", "https://h/p?a=xxxxx&b=xxxxx"},
		{"https://h/p?a=%zz", "https://h/p?a=xxxxx"},
		{"https://h/p?a=b=c", "https://h/p?a=xxxxx"},
		{"https://h/p#frag", "https://h/p#xxxxx"},
		{"https://hooks.example.com/services/T0000/B0000/abcdefgh12345678ijklmnop", "https://hooks.example.com/services/T0000/B0000/xxxxx"},
		{"https://h/a-long-name-without-any-digit/x", "https://h/a-long-name-without-any-digit/x"},
		{"https://h/a%2Fb", "https://h/a%2Fb"},
		{"https://[::1]:80/p", "https://[::1]:80/p"},
		{"https://user:12/3@h/p", "xxxxx"},
		{"https://user:pa/ss@h/p", "xxxxx"},
		{"https://us er:pw@h", "xxxxx"},
		{"user:pw@h/p", "xxxxx"},
		{"token", "xxxxx"},
		{"", "xxxxx"},
	}
	for _, tt := range tests {
		if got := httpstatus.Redact(tt.raw); got != tt.want {
			t.Errorf("Redact(%q) = %q, want %q", tt.raw, got, tt.want)
		}
	}
}

// secretURLs are URLs with the canary wherever a secret may stand, well-formed
// or not.
func secretURLs() []string {
	return []string{
		"https://user:" + canary + "@h/p",
		"https://" + canary + "@h/p",
		"https://user:" + canary + "@ho st/p",
		"https://user:" + canary + "/x@host/p",
		"https://user:x/" + canary + "@host/p",
		"https://user:1/" + canary + "@host/p",
		"https://user:%zz" + canary + "@host/p",
		"https://user:" + canary + "@[::1/p",
		"https://host:" + canary + "/p",
		"https://h/p?key=" + canary,
		"https://h/p?" + canary,
		"https://h/p?a=1&key=%zz" + canary,
		"https://h/p?a=1;key=" + canary,
		"https://h/p#" + canary,
		"https://h/services/T1/" + canary + "0123456789",
		"https://h/%zz" + canary,
		"user:" + canary + "@h/p",
		canary + "://h/p\x00",
		"://" + canary,
		canary,
		"https://h\x7f/" + canary,
	}
}

// prints returns an error and its chain in each way a program may print it.
func prints(err error) string {
	var b strings.Builder
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(&b, "%s\n%v\n%+v\n%#v\n%q\n", err, err, err, err, err.Error())
	}
	return b.String()
}

// TestS10_RedactHidesSecrets and the two tests after it are S10 for URLs.
func TestS10_RedactHidesSecrets(t *testing.T) {
	for _, raw := range secretURLs() {
		if got := httpstatus.Redact(raw); strings.Contains(got, canary) {
			t.Errorf("Redact(%q) = %q", raw, got)
		}
	}
}

func TestParseURL(t *testing.T) {
	for _, raw := range secretURLs() {
		u, err := httpstatus.ParseURL(raw, "https")
		if err == nil {
			if u.Scheme != "https" || u.Hostname() == "" {
				t.Errorf("ParseURL(%q) = %v", raw, u)
			}
			continue
		}
		if !errors.Is(err, httpstatus.ErrURL) {
			t.Errorf("ParseURL(%q): %v is no ErrURL", raw, err)
		}
		if text := prints(err); strings.Contains(text, canary) {
			t.Errorf("ParseURL(%q): %s", raw, text)
		}
	}
	for _, bad := range []string{"", "h", "/p", "http://h", "ftp://h", "https:///p", "https://:80/p", "https:h", "https://u:1/2@h/p"} {
		if u, err := httpstatus.ParseURL(bad, "https"); err == nil {
			t.Errorf("ParseURL(%q) = %v, want an error", bad, u)
		}
	}
	for _, good := range []string{"http://h", "https://h:1/p?q=a@b", "https://u:p@h/a@b", "HTTPS://h"} {
		if _, err := httpstatus.ParseURL(good, "http", "https"); err != nil {
			t.Errorf("ParseURL(%q): %v", good, err)
		}
	}
}

func TestRedactError(t *testing.T) {
	for _, raw := range secretURLs() {
		_, parseErr := url.Parse(raw)
		sendErr := &url.Error{Op: "Post", URL: raw, Err: context.DeadlineExceeded}
		nested := &url.Error{Op: "Get", URL: raw, Err: fmt.Errorf("proxy: %w", &url.Error{Op: "parse", URL: raw, Err: errors.New("invalid port " + raw)})}
		for _, err := range []error{parseErr, sendErr, nested} {
			if err == nil {
				continue
			}
			for _, wrapped := range []error{err, fmt.Errorf("adapter: %w", err), fmt.Errorf("a: %w", fmt.Errorf("%q b: %w", raw, err))} {
				if text := prints(httpstatus.RedactError(wrapped)); strings.Contains(text, canary) {
					t.Errorf("RedactError(%v): %s", wrapped, text)
				}
			}
		}
		if err := httpstatus.RedactError(fmt.Errorf("x: %w", sendErr)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the cause is gone: %v", err)
		}
	}
}

func TestRedactErrorLeavesOthersAlone(t *testing.T) {
	if httpstatus.RedactError(nil) != nil {
		t.Errorf("RedactError(nil) is not nil")
	}
	if err := fmt.Errorf("x: %w", io.EOF); httpstatus.RedactError(err) != err {
		t.Errorf("an error without a URL was replaced")
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("user", "p/w", "h", "key", "#v")
	f.Fuzz(func(t *testing.T, user, password, host, key, value string) {
		if len(password) < 8 || len(value) < 8 || strings.Contains("https://xxxxx@"+host+key, password) || strings.Contains("https://xxxxx@"+host+key, value) {
			t.Skip()
		}
		u := url.URL{Scheme: "https", User: url.UserPassword(user, password), Host: host, Path: "/p", RawQuery: url.Values{key: {value}}.Encode()}
		got := httpstatus.Redact(u.String())
		if key != value && strings.Contains(got, url.QueryEscape(value)) && !strings.Contains(url.QueryEscape(key), url.QueryEscape(value)) && !strings.Contains(host, url.QueryEscape(value)) {
			t.Errorf("Redact(%q) = %q shows the value", u.String(), got)
		}
		if strings.Contains(got, password) && !strings.Contains(url.QueryEscape(key)+url.PathEscape(host), password) {
			t.Errorf("Redact(%q) = %q shows the password", u.String(), got)
		}
	})
}
