package elasticsearch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/tlsconfig"
)

func authorize(context.Context) (string, error) { return "ApiKey key", nil }

// indices is an allow-list with one index.
func indices(index string) map[string]string { return map[string]string{"a": index} }

// TestOpenRefuses has each field's wrong values; the errors are typed.
func TestOpenRefuses(t *testing.T) {
	type dest = elasticsearch.Destination
	urls := []string{"https://es:9200"}
	dir := t.TempDir()
	key := testpki.File(t, dir, "key", []byte("key\n"))
	for name, c := range map[string]struct {
		d    dest
		want error
	}{
		"no URLs":           {dest{}, elasticsearch.ErrConfig},
		"an empty URL":      {dest{URLs: []string{""}}, elasticsearch.ErrConfig},
		"one of two URLs":   {dest{URLs: []string{urls[0], "ftp://es"}}, elasticsearch.ErrConfig},
		"does not parse":    {dest{URLs: []string{"https://es:port"}}, httpstatus.ErrURL},
		"query":             {dest{URLs: []string{"https://es?pretty"}}, elasticsearch.ErrConfig},
		"fragment":          {dest{URLs: []string{"https://es#a"}}, elasticsearch.ErrConfig},
		"plaintext":         {dest{URLs: []string{"http://es"}}, elasticsearch.ErrPlaintext},
		"plaintext, key":    {dest{URLs: []string{"http://es"}, AllowPlaintext: true, APIKeyFile: key}, elasticsearch.ErrPlaintext},
		"plaintext, user":   {dest{URLs: []string{"http://u:p@es"}, AllowPlaintext: true}, elasticsearch.ErrPlaintext},
		"plaintext, TLS":    {dest{URLs: []string{"http://es"}, AllowPlaintext: true, TLS: &tlsconfig.Options{}}, elasticsearch.ErrPlaintext},
		"MaxRecords":        {dest{URLs: urls, MaxRecords: -1}, elasticsearch.ErrConfig},
		"MaxRecords, many":  {dest{URLs: urls, MaxRecords: 50_001}, elasticsearch.ErrConfig},
		"MaxBytes":          {dest{URLs: urls, MaxBytes: -1}, elasticsearch.ErrConfig},
		"MaxBytes, many":    {dest{URLs: urls, MaxBytes: 40<<20 + 1}, elasticsearch.ErrConfig},
		"MaxInFlight":       {dest{URLs: urls, MaxInFlight: -1}, elasticsearch.ErrConfig},
		"ConnectTimeout":    {dest{URLs: urls, ConnectTimeout: -1}, elasticsearch.ErrConfig},
		"Compression":       {dest{URLs: urls, Compression: 2}, elasticsearch.ErrConfig},
		"SourceOnError":     {dest{URLs: urls, SourceOnError: 3}, elasticsearch.ErrConfig},
		"Encoder, no JSON":  {dest{URLs: urls, Encoder: encode.Logfmt{}}, elasticsearch.ErrConfig},
		"Encoder":           {dest{URLs: urls, Encoder: encode.JSONLines{Keys: encode.Keys{Time: "x", Level: "x"}}}, encode.ErrKeys},
		"own header":        {dest{URLs: urls, Headers: map[string]string{"Content-Length": "1"}}, elasticsearch.ErrConfig},
		"Username alone":    {dest{URLs: urls, Username: "u"}, elasticsearch.ErrConfig},
		"PasswordFile":      {dest{URLs: urls, PasswordFile: key}, elasticsearch.ErrConfig},
		"Username, colon":   {dest{URLs: urls, Username: "u:", PasswordFile: key}, elasticsearch.ErrConfig},
		"two files":         {dest{URLs: urls, APIKeyFile: key, TokenFile: key}, elasticsearch.ErrConfig},
		"key and function":  {dest{URLs: urls, APIKeyFile: key, Authorize: authorize}, elasticsearch.ErrConfig},
		"key and URL":       {dest{URLs: []string{"https://u:p@es"}, APIKeyFile: key}, elasticsearch.ErrConfig},
		"empty key":         {dest{URLs: urls, APIKeyFile: testpki.File(t, dir, "empty", []byte("\n"))}, elasticsearch.ErrToken},
		"TLS":               {dest{URLs: urls, TLS: &tlsconfig.Options{CertFile: "a"}}, tlsconfig.ErrPair},
		"IndexAttr alone":   {dest{URLs: urls, IndexAttr: "tenant"}, elasticsearch.ErrConfig},
		"Indices alone":     {dest{URLs: urls, Indices: indices("a")}, elasticsearch.ErrConfig},
		"one of Indices":    {dest{URLs: urls, IndexAttr: "tenant", Indices: indices("A")}, elasticsearch.ErrConfig},
		"empty of Indices":  {dest{URLs: urls, IndexAttr: "tenant", Indices: indices("")}, elasticsearch.ErrConfig},
		"the second URL":    {dest{URLs: []string{urls[0], "https://es2", "https://es3?x=1"}}, elasticsearch.ErrConfig},
		"user and Username": {dest{URLs: []string{"https://u:p@es"}, Username: "u", PasswordFile: key}, elasticsearch.ErrConfig},
	} {
		tr, err := c.d.Open()
		if !errors.Is(err, c.want) || tr != nil {
			t.Errorf("%s: Open = %v, %v, want %v", name, tr, err, c.want)
		}
	}
}

// TestIndexNames has what Elasticsearch says of names; those that pass are
// rendered in TestIndexOfTime.
func TestIndexNames(t *testing.T) {
	for index, ok := range map[string]bool{
		"a": true, "logs-shop-default": true, ".internal": true, "shop_1+2": true, strings.Repeat("a", 255): true,
		"shop-{yyyy}": true, "shop-{yyyy.MM.dd}": true, "shop-{yyyy.MM.dd.HH}-x": true, "{yyyy_MM}": true, "{yyyy}-{MM}": true,
		"":  true, // the default
		".": false, "..": false, "-a": false, "_a": false, "+a": false, "Shop": false, "a b": false, "a\n": false, "é": false,
		`a\b`: false, "a/b": false, "a*": false, "a?": false, `a"b`: false, "<a>": false, "a|b": false, "a,b": false, "a#b": false, "a:b": false,
		"a%41": false, strings.Repeat("a", 256): false, strings.Repeat("a", 252) + "{yyyy}": false,
		"a{": false, "a}": false, "a{}": false, "a{yy}": false, "a{yyyy": false, "a{yyyy.mm}": false, "a{2006}": false, "a{tenant}": false,
		"a{yyyy{MM}}": false, "{-yyyy}": false, "<a-{now/d}>": false,
	} {
		tr, err := elasticsearch.Destination{URLs: []string{"https://es"}, Index: index}.Open()
		if (err == nil) != ok || err != nil && !errors.Is(err, elasticsearch.ErrConfig) {
			t.Errorf("Index %q: %v", index, err)
		}
		if tr != nil {
			tr.Close()
		}
	}
}

// TestDescribe: what is said of a Send is what was configured.
func TestDescribe(t *testing.T) {
	d := elasticsearch.Destination{URLs: []string{"https://es"}}
	got := testkit.Open(t, d).Describe()
	if got.MaxRecords != 5000 || got.MaxBytes != 5<<20 || got.MaxInFlight != 1 || !got.Acknowledged || got.Linger <= 0 {
		t.Errorf("by default %+v", got)
	}
	d.MaxRecords, d.MaxBytes, d.MaxInFlight = 7, 8, 9
	if got := testkit.Open(t, d).Describe(); got.MaxRecords != 7 || got.MaxBytes != 8 || got.MaxInFlight != 9 {
		t.Errorf("%+v", got)
	}
}

// TestStrings: the enumerations say their names, and a Destination no secret.
func TestStrings(t *testing.T) {
	d := elasticsearch.Destination{URLs: []string{"https://u:s3cr3tv4lue@es:9200/p", "https://es2"}}
	for _, text := range []string{fmt.Sprint(d), fmt.Sprintf("%+v", d), fmt.Sprintf("%#v", d)} {
		if strings.Contains(text, "s3cr3tv4lue") || !strings.Contains(text, "es:9200/p") || !strings.Contains(text, "es2") {
			t.Errorf("a Destination prints as %s", text)
		}
	}
	names := fmt.Sprint(elasticsearch.Gzip, elasticsearch.Uncompressed, elasticsearch.Compression(9),
		elasticsearch.SourceAuto, elasticsearch.SourceHidden, elasticsearch.SourceUnset, elasticsearch.SourceOnError(9))
	if names != "Gzip Uncompressed Compression(9) Auto Hidden Unset SourceOnError(9)" {
		t.Error(names)
	}
}
