package crypto

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// randomCard is a number with the right last digit, in the ways they are written.
func randomCard(rnd *rand.Rand) string {
	digits := []byte{byte('2' + rnd.IntN(5))}
	for range 11 + rnd.IntN(7) {
		digits = append(digits, byte('0'+rnd.IntN(10)))
	}
	for last := byte('0'); last <= '9'; last++ {
		if luhn(string(digits) + string(last)) {
			digits = append(digits, last)
			break
		}
	}
	sep := []string{"", " ", "-"}[rnd.IntN(3)]
	var groups []string
	for i := 0; i < len(digits); i += 4 {
		groups = append(groups, string(digits[i:min(i+4, len(digits))]))
	}
	return strings.Join(groups, sep)
}

func letters(rnd *rand.Rand, n int) string {
	b := make([]byte, 1+rnd.IntN(n))
	for i := range b {
		b[i] = byte('a' + rnd.IntN(26))
	}
	return string(b)
}

func randomJWT(rnd *rand.Rand) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return part(`{"typ":"`+letters(rnd, 5)+`","alg":"HS256"}`) + "." + part(`{"sub":"`+letters(rnd, 20)+`"}`) + "." + part(letters(rnd, 40))
}

// What is hidden in random text is found, as a whole, with what is around it
// left as it was.
func TestDetectorsInRandomText(t *testing.T) {
	rnd := random(t)
	s := compile(t, Policy{Detect: []Detect{
		{What: CardNumbers, Do: MaskIt}, {What: Emails, Do: MaskIt}, {What: JWTs, Do: MaskIt}, {What: PrivateKeys, Do: MaskIt},
	}})
	var sc Scratch
	words := []string{"order", "paid:", "x=1,", "(", ")", "…", "naïve", "\n", "12", "3.14", "@", "a.b", "eyJ", "-----", "4111", "{\"a\":1}"}
	for range 3000 {
		var text, want []string
		for range 1 + rnd.IntN(8) {
			secret := ""
			switch rnd.IntN(8) {
			case 0:
				secret = randomCard(rnd)
			case 1:
				secret = letters(rnd, 10) + "." + letters(rnd, 3) + "@" + letters(rnd, 8) + "." + letters(rnd, 5) + "com"
			case 2:
				secret = randomJWT(rnd)
			case 3:
				secret = strings.ReplaceAll(pem, "MHcCAQEE", strings.ToUpper(letters(rnd, 60)))
			}
			if secret != "" {
				text, want = append(text, secret), append(want, stars)
				continue
			}
			word := words[rnd.IntN(len(words))]
			text, want = append(text, word), append(want, word)
		}
		// A character that joins nothing: two numbers side by side may be one card.
		in, out := strings.Join(text, " / "), strings.Join(want, " / ")
		if got := s.Message(&sc, in); got != out {
			t.Fatalf("%q\ngot  %q\nwant %q", in, got, out)
		}
	}
}

// A card is found wherever a plain search over all substrings finds one.
func TestCardsAgainstModel(t *testing.T) {
	rnd := random(t)
	form := regexp.MustCompile(`^[2-6]([ -]?[0-9]){12,18}$`)
	model := func(s string) bool {
		for from := range s {
			for to := from + minCard; to <= len(s); to++ {
				before, after := from > 0 && isDigit(s[from-1]), to < len(s) && isDigit(s[to])
				if !before && !after && form.MatchString(s[from:to]) && luhn(s[from:to]) {
					return true
				}
			}
		}
		return false
	}
	found, rounds := 0, 5000
	for range rounds {
		var b strings.Builder
		for range 1 + rnd.IntN(30) {
			b.WriteByte("0123456789012345678901234 -x"[rnd.IntN(28)])
		}
		from, to := findCard(b.String(), 0)
		if want := model(b.String()); want != (from >= 0) {
			t.Errorf("%q: found at %d to %d, the model says %v", b.String(), from, to, want)
		} else if want {
			found++
			if !luhn(b.String()[from:to]) {
				t.Errorf("%q: %d to %d is not a card", b.String(), from, to)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d of %d have a card: the test has lost its subject", found, rounds)
	}
}

// What a destination logs of a record that it got is not found again: tokens,
// masks and hashes hold nothing that looks like what they stand for.
func TestTokensAreNotDetected(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{Detect: []Detect{{What: CardNumbers}, {What: Emails}, {What: JWTs}, {What: PrivateKeys}}}, r)
	rnd := random(t)
	var sc Scratch
	again := 0
	for i := range 2000 {
		sealed := s.Message(&sc, fmt.Sprintf("%d: %s and %s@example.com", i, randomCard(rnd), letters(rnd, 9)))
		if s.Message(&sc, sealed) != sealed {
			again++
		}
		if back, c := NewOpener(r, nil).OpenText(t.Context(), sealed); c.Opened != 2 || strings.Contains(back, Prefix) {
			t.Errorf("%s: %+v", back, c)
		}
	}
	// Thirteen digits in a row with the right last one do occur in base64, once in
	// very many tokens.
	if again > 2 {
		t.Errorf("%d of 2000 are sealed twice", again)
	}
}
