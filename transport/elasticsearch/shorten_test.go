package elasticsearch

// This file is inside the package: what a decoder behind it sees of an answer is
// nobody else's business.

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func shortened(t *testing.T, text string) string {
	t.Helper()
	// A byte at a time, so that each escape is cut in two by a Read.
	got, err := io.ReadAll(&shortener{r: iotest.OneByteReader(strings.NewReader(text))})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := io.ReadAll(&shortener{r: strings.NewReader(text)})
	if err != nil || string(whole) != string(got) {
		t.Fatalf("%.100q is %.100q in one piece and %.100q in many, %v", text, whole, got, err)
	}
	return string(got)
}

// TestShortener: JSON stays JSON, of the same shape, wherever a string is cut.
func TestShortener(t *testing.T) {
	for _, unit := range []string{"a", `\n`, `\"`, `\\`, `\u0041`, `\uuuuu`, `\u005c`, "é", "😀", `\ud83d\ude00`} {
		for before := range 8 {
			head := `{"k":[1,{"s":"` + strings.Repeat("x", before)
			text := head + strings.Repeat(unit, maxText/len(unit)+20) + `","t":"` + strings.Repeat("y", maxText+7) + `"},true]}`
			got := shortened(t, text)
			if !strings.HasPrefix(got, head) || !strings.HasSuffix(got, `"},true]}`) || len(got) > 2*maxText+100 {
				t.Fatalf("%q after %d: %d bytes, %.60q …", unit, before, len(got), got)
			}
			if json.Valid([]byte(text)) != json.Valid([]byte(got)) {
				t.Fatalf("%q after %d: it is JSON before or after only", unit, before)
			}
		}
	}
	for _, text := range []string{"", "{}", `"`, `"\`, `"\u`, `{"a":"b"`, `not JSON "at" all`} {
		if got := shortened(t, text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// FuzzShortener: what is short passes unchanged; what is JSON stays JSON.
func FuzzShortener(f *testing.F) {
	for _, s := range []string{"", "a", `\`, `"`, "\u2028", "\\u0041", "é"} {
		f.Add(s, 1)
		f.Add(s, maxText)
	}
	f.Fuzz(func(t *testing.T, s string, times int) {
		text, err := json.Marshal(map[string]string{"a": strings.Repeat(s, min(max(times, 0), 2*maxText)), "b": s})
		if err != nil {
			t.Fatal(err)
		}
		got := shortened(t, string(text))
		if len(text) <= maxText && got != string(text) {
			t.Fatalf("%q became %q", text, got)
		}
		var back map[string]string
		if err := json.Unmarshal([]byte(got), &back); err != nil || len(back) != 2 || !utf8.ValidString(back["a"]) {
			t.Fatalf("%.200q: %v", got, err)
		}
	})
}
