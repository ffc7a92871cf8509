package encode

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// mustEscape says the rule of escape.go in other words: nothing that Unicode
// calls a control, a line or paragraph separator, or a bidirectional control.
func mustEscape(r rune) bool {
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) ||
		unicode.Is(unicode.Bidi_Control, r)
}

func TestKeepRuneAgreesWithUnicode(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		size := utf8.RuneLen(r)
		if size < 0 {
			continue
		}
		if keepRune(r, size, false) == mustEscape(r) {
			t.Errorf("%U kept: %t", r, mustEscape(r))
		}
	}
	if keepRune(utf8.RuneError, 1, false) || !keepRune(utf8.RuneError, 3, false) {
		t.Error("a byte that is not UTF-8 and a real U+FFFD are mixed up")
	}
	if keepRune('"', 1, true) || keepRune('\\', 1, true) || !keepRune('"', 1, false) || !keepRune('\\', 1, false) {
		t.Error("quote or backslash")
	}
}

// Every byte at every place of a word and of its tail.
func TestPlainLen(t *testing.T) {
	for n := range 40 {
		for at := range n {
			for c := range 256 {
				b := []byte(strings.Repeat("a", n))
				b[at] = byte(c)
				want := n
				if !isPlain(byte(c)) {
					want = at
				}
				if got := plainLen(b); got != want {
					t.Fatalf("plainLen(%q) = %d, want %d", b, got, want)
				}
				if got := plainLen(string(b)); got != want {
					t.Fatalf("plainLen of the string %q = %d, want %d", b, got, want)
				}
			}
		}
	}
}

func TestPlainLenRandom(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for range 100_000 {
		b := make([]byte, rnd.IntN(30))
		for i := range b {
			b[i] = byte(rnd.Uint32())
			if rnd.IntN(3) > 0 {
				b[i] = ' ' + b[i]%95
			}
		}
		want := 0
		for want < len(b) && isPlain(b[want]) {
			want++
		}
		if got := plainLen(b); got != want {
			t.Fatalf("plainLen(%q) = %d, want %d", b, got, want)
		}
	}
}

func FuzzDecodeRune(f *testing.F) {
	for _, s := range []string{"a", "é", "東", "😀", "\xed\xa0\x80", "\xe0\x80\x80", "\xc2", "\xf4\x90\x80\x80", "\xe2\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for i := 0; i < len(s); {
			r, size := decodeRune(s, i)
			wantR, wantSize := utf8.DecodeRuneInString(s[i:])
			if r != wantR || size != wantSize {
				t.Fatalf("decodeRune(%q) = %U, %d, want %U, %d", s[i:], r, size, wantR, wantSize)
			}
			i += size
		}
	})
}

func TestDecodeRuneAllTwoAndThreeBytes(t *testing.T) {
	for x := 0xBF0000; x < 1<<24; x++ { // from the last byte that leads nothing
		b := []byte{byte(x >> 16), byte(x >> 8), byte(x)}
		r, size := decodeRune(b, 0)
		if wantR, wantSize := utf8.DecodeRune(b); r != wantR || size != wantSize {
			t.Fatalf("decodeRune(% x) = %U, %d, want %U, %d", b, r, size, wantR, wantSize)
		}
	}
}

func TestAppendQuoted(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", `""`},
		{"plain", `"plain"`},
		{"a longer plain string, of more than one word", `"a longer plain string, of more than one word"`},
		{`C:\dir "x"`, `"C:\\dir \"x\""`},
		{"a\nb\rc\td", `"a\nb\rc\td"`},
		{"\x00\x1b[31m\x7f", `"\u0000\u001b[31m\u007f"`},
		{"\u0085\u009b", `"\u0085\u009b"`},
		{"\u2028\u2029", `"\u2028\u2029"`},
		{"\u202eevil\u202c\u2066\u200f\u061c", `"\u202eevil\u202c\u2066\u200f\u061c"`},
		{"größer 東京 😀 \u00a0", `"größer 東京 😀 ` + "\u00a0" + `"`},
		{"bad \xff\xc3 byte", `"bad \ufffd\ufffd byte"`},
		{"real \ufffd", "\"real \ufffd\""},
		{"\xed\xa0\x80", `"\ufffd\ufffd\ufffd"`},
	}
	for _, tt := range tests {
		if got := string(appendQuoted(nil, tt.in, 1000)); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.in, got, tt.want)
		}
		if got := string(appendQuoted([]byte("x"), []byte(tt.in), 1000)); got != "x"+tt.want {
			t.Errorf("%q as bytes: %s, want x%s", tt.in, got, tt.want)
		}
	}
}

// At any limit: the mark tells exactly how many bytes are missing, no character
// is cut in two, and the text is no longer than the limit, one escape and the
// mark.
func TestAppendQuotedCut(t *testing.T) {
	for _, in := range []string{strings.Repeat("a", 100), strings.Repeat("\x00", 100), strings.Repeat("é😀\n", 20), strings.Repeat("\xff", 99)} {
		for limit := range 3 * len(in) {
			got := string(appendQuoted(nil, in, limit))
			if len(got) > limit+len(`"\u0000!TRUNCATED 000 bytes"`) {
				t.Fatalf("limit %d: %d bytes", limit, len(got))
			}
			back, err := strconv.Unquote(got)
			if err != nil || !utf8.ValidString(got) {
				t.Fatalf("limit %d: %s: %v", limit, got, err)
			}
			kept, mark, cut := strings.Cut(back, truncated)
			whole := strings.ToValidUTF8(in, "\ufffd")
			if in[0] == 0xff {
				whole = strings.Repeat("\ufffd", len(in))
			}
			if !strings.HasPrefix(whole, kept) {
				t.Fatalf("limit %d: kept %q", limit, kept)
			}
			if !cut && kept != whole {
				t.Fatalf("limit %d: %q lost its end without a mark", limit, kept)
			}
			if cut {
				n, err := strconv.Atoi(strings.TrimSuffix(mark[1:], " bytes"))
				inBytes := len(kept)
				if in[0] == 0xff {
					inBytes /= 3
				}
				if err != nil || n != len(in)-inBytes {
					t.Fatalf("limit %d: mark %q, but %d bytes are missing", limit, mark, len(in)-inBytes)
				}
			}
		}
	}
}

func TestHex(t *testing.T) {
	for n := range 20 {
		b := make([]byte, n)
		want := "x"
		for i := range b {
			b[i] = byte(rand.Uint32())
			want += string(hexLower[b[i]>>4]) + string(hexLower[b[i]&15])
		}
		if got := string(appendHex([]byte("x"), b)); got != want {
			t.Errorf("appendHex(% x) = %s", b, got)
		}
	}
	for c := range 256 {
		v, err := strconv.ParseUint(string([]byte{byte(c)}), 16, 8)
		if got := unhex(byte(c)); err == nil && got != byte(v) || err != nil && got != 255 {
			t.Errorf("unhex of byte %d = %d", c, got)
		}
	}
}
