package loki_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/loki"
)

func TestOpenRefuses(t *testing.T) {
	const url = "https://loki.test"
	many := map[string]string{}
	for i := range 14 {
		many[fmt.Sprintf("l%d", i)] = "v"
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		d    loki.Destination
		want error
	}{
		"no URL":              {loki.Destination{}, loki.ErrConfig},
		"a scheme":            {loki.Destination{URL: "ftp://loki.test"}, loki.ErrConfig},
		"plaintext":           {loki.Destination{URL: "http://loki.test"}, loki.ErrPlaintext},
		"plaintext password":  {loki.Destination{URL: "http://loki.test", AllowPlaintext: true, Username: "u", PasswordFile: file}, loki.ErrPlaintext},
		"format":              {loki.Destination{URL: url, Format: 2}, loki.ErrConfig},
		"tenant of two":       {loki.Destination{URL: url, Tenant: "a|b"}, loki.ErrConfig},
		"tenant is a path":    {loki.Destination{URL: url, Tenant: ".."}, loki.ErrConfig},
		"tenant is long":      {loki.Destination{URL: url, Tenant: strings.Repeat("x", 151)}, loki.ErrConfig},
		"tenant twice":        {loki.Destination{URL: url, Tenant: "a", Headers: map[string]string{"x-scope-orgid": "b"}}, loki.ErrConfig},
		"label name":          {loki.Destination{URL: url, Labels: map[string]string{"a.b": "v"}}, loki.ErrConfig},
		"label name of Loki":  {loki.Destination{URL: url, Labels: map[string]string{"__path__": "v"}}, loki.ErrConfig},
		"label digit":         {loki.Destination{URL: url, Labels: map[string]string{"1a": "v"}}, loki.ErrConfig},
		"label without value": {loki.Destination{URL: url, Labels: map[string]string{"a": ""}}, loki.ErrConfig},
		"label value":         {loki.Destination{URL: url, Labels: map[string]string{"a": "\xff"}}, loki.ErrConfig},
		"labels":              {loki.Destination{URL: url, Labels: many}, loki.ErrConfig},
		"level twice":         {loki.Destination{URL: url, LevelLabel: true, Labels: map[string]string{"level": "x"}}, loki.ErrConfig},
		"resource label":      {loki.Destination{URL: url, ResourceLabels: []string{""}}, loki.ErrConfig},
		"resource label name": {loki.Destination{URL: url, ResourceLabels: []string{"日"}}, loki.ErrConfig},
		"MaxLine":             {loki.Destination{URL: url, MaxLine: 10}, loki.ErrConfig},
		"MaxMetadata":         {loki.Destination{URL: url, MaxMetadata: -1}, loki.ErrConfig},
		"MaxMetadataCount":    {loki.Destination{URL: url, MaxMetadataCount: 3}, loki.ErrConfig},
		"MaxRecords":          {loki.Destination{URL: url, MaxRecords: -1}, loki.ErrConfig},
		"MaxBytes":            {loki.Destination{URL: url, MaxBytes: 17 << 20}, loki.ErrConfig},
		"MaxInFlight":         {loki.Destination{URL: url, MaxInFlight: 2000}, loki.ErrConfig},
		"a user alone":        {loki.Destination{URL: url, Username: "u"}, loki.ErrConfig},
		"a colon":             {loki.Destination{URL: url, Username: "u:v", PasswordFile: file}, loki.ErrConfig},
		"two credentials":     {loki.Destination{URL: url, Username: "u", PasswordFile: file, TokenFile: file}, loki.ErrConfig},
		"no such file":        {loki.Destination{URL: url, TokenFile: file + "x"}, os.ErrNotExist},
		"encoder":             {loki.Destination{URL: url, Encoder: encode.JSONLines{Keys: encode.Keys{Level: "msg"}}}, encode.ErrKeys},
	} {
		tr, err := test.d.Open()
		if err == nil {
			tr.Close()
		}
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

// TestRequest: where requests go, and with what in their header.
func TestRequest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path, want string
		format     loki.Format
	}{
		{"", "/loki/api/v1/push", loki.Protobuf},
		{"/", "/loki/api/v1/push", loki.JSON},
		{"/gateway", "/gateway/loki/api/v1/push", loki.Protobuf},
		{"/insert/loki/api/v1/push", "/insert/loki/api/v1/push", loki.JSON},
	} {
		s := &server{}
		d := secured(t, s)
		d.URL += test.path
		d.Tenant, d.Format, d.Username, d.PasswordFile = "shop", test.format, "me", file
		testkit.Deliver(t, testkit.Open(t, d), batch(0, 50))
		r := s.requests()[0]
		if r.URL.Path != test.want || len(s.all()) != 50 {
			t.Errorf("%q: sent to %q; %d entries", test.path, r.URL.Path, len(s.all()))
		}
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:s3cret"))
		if r.Header.Get("Authorization") != want || r.Header.Get("X-Scope-OrgID") != "shop" {
			t.Errorf("%q: header %v", test.path, r.Header)
		}
		if packed := r.Header.Get("Content-Encoding"); (packed == "gzip") != (test.format == loki.JSON) {
			t.Errorf("%q: Content-Encoding %q", test.path, packed)
		}
		for _, text := range []string{d.String(), fmt.Sprintf("%v %#v %+v", d, d, d)} {
			if strings.Contains(text, file) {
				t.Errorf("printed: %s", text)
			}
		}
	}
}

// TestSecretInURL: a Destination and its errors do not show the password.
func TestSecretInURL(t *testing.T) {
	s := &server{before: func(w http.ResponseWriter, _ []string) bool {
		http.Error(w, "bad user me:s3cret", http.StatusUnauthorized)
		return true
	}}
	d := secured(t, s)
	d.URL = strings.Replace(d.URL, "https://", "https://me:s3cret@", 1)
	err := testkit.Open(t, d).Send(t.Context(), batch(0, 1))
	if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(fmt.Sprintf("%v %#v", d, d), "s3cret") {
		t.Errorf("shown: %v, %v", err, d)
	}
}

func TestFormatString(t *testing.T) {
	for f, want := range map[loki.Format]string{loki.Protobuf: "Protobuf", loki.JSON: "JSON", 9: "Format(9)"} {
		if f.String() != want {
			t.Errorf("%q, want %q", f, want)
		}
	}
}
