package httpstatus_test

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/slogship/slogship/transport/httpstatus"
)

func TestExcerpt(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"empty", "", ""},
		{"text", "no such index", "no such index"},
		{"white space", "\r\n {\n\t\"error\":  1\n}\n", `{ "error": 1 }`},
		{"an escape sequence and a forged line", "red \x1b[31m\ntoken ok\x00", "red [31m token ok"},
		{"DEL and C1", "the quick brown fox\x7f jumps\u0085 over\u009b the lazy dog", "the quick brown fox jumps over the lazy dog"},
		{"bidirectional override", "the invoice \u202egnp.exe is here", "the invoice gnp.exe is here"},
		{"line separator", "first line\u2028second line", "first line second line"},
		{"letters", "schöne Grüße, 世界", "schöne Grüße, 世界"},
		{"one bad byte in text", "the answer is \xff forty-two", "the answer is forty-two"},
		{"a rune that the limit split", "Grüße \xe4\xb8", "Grüße"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := httpstatus.Excerpt([]byte(tt.body)); got != tt.want {
				t.Errorf("Excerpt(%q) = %q, want %q", tt.body, got, tt.want)
			}
		})
	}
}

func TestExcerptOfBinary(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	for range 100 {
		w.Write([]byte(rand.Text()))
	}
	w.Close()
	if got := httpstatus.Excerpt(packed.Bytes()); got != "" {
		t.Errorf("Excerpt of gzip = %q, want nothing", got)
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add([]byte("plain"))
	f.Add([]byte("\x1b]0;title\x07"))
	f.Add([]byte(strings.Repeat("é", 400)))
	f.Add([]byte("a\u200fb\ufeffc"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got := httpstatus.Excerpt(body)
		if len(got) > httpstatus.MaxExcerpt {
			t.Errorf("%d bytes", len(got))
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q is not UTF-8", got)
		}
		for _, r := range got {
			if r != ' ' && (unicode.IsSpace(r) || !unicode.IsPrint(r)) {
				t.Errorf("%q holds %U", got, r)
			}
		}
	})
}
