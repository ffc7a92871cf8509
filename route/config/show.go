package config

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mask stands for what nobody should read, as in package httpstatus.
const mask = "xxxxx"

// maxShown is how much of a value an error quotes.
const maxShown = 80

// show returns text as an error may quote it. It goes by the text alone and not
// by url.Parse, since what is wrong with a value may be just what keeps it from
// being parsed, and then the password in it would be shown. References are not
// replaced yet, so what they stand for can't appear.
func show(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if strings.Contains(text, "@") || strings.Contains(text, "://") || strings.Contains(text, "?") && strings.Contains(text, "=") {
		text = redact(text)
	}
	if len(text) <= maxShown {
		return text
	}
	cut := maxShown
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// redact masks user information, the values of parameters, a fragment, and
// segments of the path that look like a webhook's token.
func redact(text string) string {
	scheme, rest, found := strings.Cut(text, "://")
	if found {
		scheme += "://"
	} else {
		scheme, rest = "", text
	}
	// The last @ ends the user information: a password may well hold one, and
	// what is masked too much is a host.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = mask + rest[at:]
	}
	rest, _, fragment := strings.Cut(rest, "#")
	rest, query, found := strings.Cut(rest, "?")
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		if i > 0 && tokenLike(s) {
			segments[i] = mask
		}
	}
	text = scheme + strings.Join(segments, "/")
	if found {
		text += "?" + redactQuery(query)
	}
	if fragment {
		text += "#" + mask
	}
	return text
}

// redactQuery masks the values and keeps the names, which say what was meant.
func redactQuery(query string) string {
	parts := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	for i, part := range parts {
		name, _, found := strings.Cut(part, "=")
		if !found {
			name = "" // may be a bare token
		}
		parts[i] = strings.TrimPrefix(name+"="+mask, "=")
	}
	return strings.Join(parts, "&")
}

// tokenLike reports whether a path segment may be a token: webhooks' have 24
// characters and more, and digits among the letters.
func tokenLike(segment string) bool {
	return len(segment) >= 20 && !strings.Contains(segment, "${") &&
		strings.ContainsFunc(segment, unicode.IsDigit) && strings.ContainsFunc(segment, unicode.IsLetter)
}
