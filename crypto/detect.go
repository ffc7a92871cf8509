package crypto

import (
	"encoding/base64"
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

// Message returns a record's message as the detectors leave it. A sealed part
// stands at the path "".
func (s *Sealer) Message(sc *Scratch, message string) string {
	if text, found := s.detectedText(sc, place{}, message); found {
		sc.trim()
		return text
	}
	return message
}

// detected applies the detectors to a value that is no composite. A number may
// be a card's.
func (s *Sealer) detected(sc *Scratch, at place, v slog.Value) slog.Value {
	if !s.detects() {
		return v
	}
	var text string
	switch v.Kind() {
	case slog.KindString:
		text = v.String()
	case slog.KindInt64, slog.KindUint64:
		if !s.needs(CardNumbers) {
			return v
		}
		text = v.String()
	default:
		return v
	}
	if text, found := s.detectedText(sc, at, text); found {
		return slog.StringValue(text)
	}
	return v
}

// span is a part of a text that a detector has found.
type span struct {
	from, to int
	rule     *rule
}

// detectedText returns text with what the detectors find replaced, and whether
// they found something.
func (s *Sealer) detectedText(sc *Scratch, at place, text string) (string, bool) {
	cut := len(text) > maxDetect && s.detects()
	if cut {
		text = text[:edge(text, maxDetect)] + markCut
	}
	// Everything is looked for in the text as it was logged, and replaced at the
	// end. One detector after the other would look into the tokens that the one
	// before has written, and find things in their base64.
	var spans []span
	for i, form := range s.forms {
		spans = appendSpans(spans, &s.detect[i], form, text)
	}
	if len(spans) == 0 {
		return text, cut
	}
	// Where two overlap, the one that begins first is taken, then the longer one,
	// and then what it leaves of the other.
	slices.SortStableFunc(spans, func(a, b span) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	var out strings.Builder
	end := 0
	for _, p := range spans {
		from := max(p.from, end)
		if from >= p.to || p.rule.do == Keep {
			continue
		}
		out.WriteString(text[end:from])
		out.Write(s.token(sc, p.rule, at, slog.StringValue(text[from:p.to])))
		end = p.to
	}
	out.WriteString(text[end:])
	return out.String(), end > 0 || cut
}

// maxDetect is how much of one text is looked at. What is beyond is cut off and
// marked: it must not pass unseen, and the buffer has no room for it anyway.
const (
	maxDetect = 1 << 20
	markCut   = "…!TRUNCATED"
)

// appendSpans appends where text has the form. Each search takes linear time,
// and little where the form's own character does not occur.
func appendSpans(spans []span, r *rule, form Form, text string) []span {
	find := [...]func(string, int) (int, int){
		CardNumbers: findCard, Emails: findEmail, BearerTokens: findBearer, JWTs: findJWT, PrivateKeys: findPrivateKey,
	}[form]
	for i := 0; i < len(text); {
		from, to := find(text, i)
		if from < 0 {
			break
		}
		spans = append(spans, span{from, to, r})
		i = to
	}
	return spans
}

// isDigit and isAlnum know ASCII alone: what detectors look for has no other
// digits, and letters beyond it are looked at where they matter.
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlnum(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }

// findCard finds 13 to 19 digits, with single spaces or hyphens between them,
// that begin with 2 to 6 as the cards of all large networks do, and whose last
// one is right (Luhn, ISO/IEC 7812-1). Times in milliseconds and nanoseconds
// begin with 1. Of the ends that are right the last one is taken: a digit too many
// is better hidden than one too few shown. One number in ten of those that look like it passes by chance.
func findCard(s string, i int) (int, int) {
	for ; i < len(s); i++ {
		if !isDigit(s[i]) || i > 0 && isDigit(s[i-1]) {
			continue
		}
		// Not more than 19 digits are looked at from here, so "12 4111 1111 …" is
		// found by the next group of its digits, in linear time.
		if to := cardEnd(s, i); to > 0 {
			return i, to
		}
	}
	return -1, -1
}

// cardEnd returns where the card number ends that begins at i; 0: there is none.
func cardEnd(s string, i int) (end int) {
	if s[i] < '2' || s[i] > '6' {
		return 0
	}
	for n, at := 0, i; at < len(s) && n < maxCard+1; at++ {
		switch {
		case isDigit(s[at]):
			n++
		case s[at] != ' ' && s[at] != '-' || !isDigit(s[at-1]):
			return end
		}
		last := at+1 == len(s) || !isDigit(s[at+1])
		if last && isDigit(s[at]) && n >= minCard && n <= maxCard && luhn(s[i:at+1]) {
			end = at + 1
		}
	}
	return end
}

// Digits of a card number: 13 were Visa's once, 19 are the most that ISO/IEC
// 7812-1 allows.
const minCard, maxCard = 13, 19

// luhn checks the last digit of a number, which may have separators in it
// (ISO/IEC 7812-1 Annex B): it finds any one wrong digit and most swapped ones,
// and so keeps nine of ten order numbers from being taken for cards.
func luhn(s string) bool {
	sum, double := 0, false
	for i := len(s) - 1; i >= 0; i-- {
		if !isDigit(s[i]) {
			continue
		}
		d := int(s[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return sum%10 == 0
}

// findEmail finds an address in the form that people have (RFC 5321's
// Dot-string), not all that is allowed.
func findEmail(s string, i int) (int, int) {
	// What was found before, or has been looked at from an "@" before, is not
	// looked at again: so the time is linear however many of them there are.
	begin := i
	for {
		at := strings.IndexByte(s[i:], '@')
		if at < 0 {
			return -1, -1
		}
		at += i
		from := at
		for from > begin && (isAlnum(s[from-1]) || s[from-1] >= 0x80 || strings.IndexByte("._%+-", s[from-1]) >= 0) {
			from--
		}
		to := domainEnd(s, at+1)
		if from < at && to > 0 {
			return from, to
		}
		i, begin = at+1, at+1
	}
}

// domainEnd returns where a domain that begins at i ends; 0 if there is none: two
// names at least, the last of two characters at least and not a number.
func domainEnd(s string, i int) int {
	end, label, dots := 0, i, 0
	for ; i <= len(s); i++ {
		if i < len(s) && (isAlnum(s[i]) || s[i] == '-' || s[i] >= 0x80) {
			continue
		}
		if i == label {
			break // an empty name: what is before it is the end
		}
		if _, err := strconv.Atoi(s[label:i]); err != nil && dots > 0 && i-label >= 2 {
			end = i
		}
		if i == len(s) || s[i] != '.' {
			break
		}
		dots++
		label = i + 1
	}
	return end
}

// findBearer finds what follows "Bearer" (RFC 6750 §2.1: b64token), the token
// alone: that there was one is worth knowing.
func findBearer(s string, i int) (int, int) {
	const word = "bearer"
	for ; i+len(word) < len(s); i++ {
		if s[i]|0x20 != 'b' || !strings.EqualFold(s[i:i+len(word)], word) || i > 0 && isAlnum(s[i-1]) {
			continue
		}
		from := i + len(word)
		for from < len(s) && (s[from] == ' ' || s[from] == ':' || s[from] == '=' || s[from] == '"') {
			from++
		}
		to := from
		for to < len(s) && (isAlnum(s[to]) || strings.IndexByte("-._~+/=", s[to]) >= 0) {
			to++
		}
		if from > i+len(word) && to-from >= minBearer {
			return from, to
		}
	}
	return -1, -1
}

// minBearer keeps "bearer of bad news" as it is.
const minBearer = 8

// findJWT finds a JWT in compact form: two more parts (JWS, RFC 7515 §7.1) or
// four (JWE, RFC 7516 §7.1) behind a header that is JSON.
func findJWT(s string, i int) (int, int) {
	for {
		at := strings.Index(s[i:], "eyJ") // the base64 of {"
		if at < 0 {
			return -1, -1
		}
		from := i + at
		parts, to := 1, partEnd(s, from)
		header := s[from:to]
		for to < len(s) && s[to] == '.' && parts < 5 {
			parts, to = parts+1, partEnd(s, to+1)
		}
		if parts >= 3 && isHeader(header) && (from == 0 || !isTokenByte(s[from-1])) {
			return from, to
		}
		i = max(i+at+3, partEnd(s, from)) // another one in this part would not be at its beginning
	}
}

// partEnd returns where the base64url text that begins at i ends.
func partEnd(s string, i int) int {
	for i < len(s) && isTokenByte(s[i]) {
		i++
	}
	return i
}

// isHeader reports whether s is the header of a JWT: JSON with the one member
// that every header has to have (RFC 7515 §4.1.1). Without this look, any three
// names with dots between them that begin alike would be tokens. A remainder of
// less than four characters is left out: it ends the JSON, after the member.
func isHeader(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s[:len(s)/4*4])
	return err == nil && strings.Contains(string(b), `"alg"`)
}

// findPrivateKey finds a PEM block (RFC 7468), also one whose line breaks were
// escaped. A block that was cut is found up to the end of the text.
func findPrivateKey(s string, i int) (int, int) {
	const begin, kind, end, dashes = "-----BEGIN ", "PRIVATE KEY", "-----END ", "-----"
	for {
		at := strings.Index(s[i:], begin)
		if at < 0 {
			return -1, -1
		}
		from := i + at
		label, rest, ok := strings.Cut(s[from+len(begin):], dashes)
		i = from + len(begin)
		if !ok || !strings.Contains(label, kind) {
			continue
		}
		body := len(s) - len(rest)
		last := strings.Index(rest, end)
		if last < 0 {
			return from, len(s)
		}
		tail := body + last + len(end)
		if n := strings.Index(s[tail:], dashes); n >= 0 {
			return from, tail + n + len(dashes)
		}
		return from, len(s)
	}
}
