package crypto

import (
	"log/slog"
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
)

// Mask is what MaskIt keeps of a value. What is replaced becomes four stars,
// however long it was.
type Mask uint8

// The masks. The zero value keeps nothing. A value that does not have the form,
// or of which less than half would be hidden, is replaced as a whole.
const (
	KeepNothing Mask = 0 // ****
	KeepLast4   Mask = 1 // ****1111: card and account numbers
	KeepFirst4  Mask = 2 // ghp_****: which kind of token it is
	KeepDomain  Mask = 3 // ****@example.com
	KeepNetwork Mask = 4 // 192.0.2.0/24, 2001:db8:1::/48: an address without its host
)

const stars = "****"

// appendMasked appends what the mask leaves of v.
func appendMasked(dst []byte, m Mask, v slog.Value) []byte {
	s, ok := plain(v)
	if !ok {
		return append(dst, stars...)
	}
	switch m {
	case KeepLast4:
		if at := edge(s, len(s)-4); len(s)-at <= len(s)/2 && at > 0 {
			return append(append(dst, stars...), s[at:]...)
		}
	case KeepFirst4:
		if at := edge(s, 4); at <= len(s)/2 && at > 0 {
			return append(append(dst, s[:at]...), stars...)
		}
	case KeepDomain:
		// Only a domain is kept: what else there may be behind an "@" is not known.
		if at := strings.LastIndexByte(s, '@'); at > 0 && domainEnd(s, at+1) == len(s) {
			return append(append(dst, stars...), s[at:]...)
		}
	case KeepNetwork:
		if a, err := netip.ParseAddr(s); err == nil {
			return appendNetwork(dst, a.Unmap())
		}
	}
	return append(dst, stars...)
}

// appendNetwork appends the network of an address: /24 and /48 are what one
// customer commonly has. A zone names an interface of the host, so it goes.
func appendNetwork(dst []byte, a netip.Addr) []byte {
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return append(dst, stars...)
	}
	return p.AppendTo(dst)
}

// edge returns the first index from n on that does not split a rune.
func edge(s string, n int) int {
	n = max(n, 0)
	for n < len(s) && !utf8.RuneStart(s[n]) {
		n++
	}
	return min(n, len(s))
}

// plain returns the text of a value that is one: of a group or a list nothing
// can be kept that is known to be harmless.
func plain(v slog.Value) (string, bool) {
	switch v.Kind() {
	case slog.KindGroup:
		return "", false
	case slog.KindAny:
		switch x := normal(reveal(v)); x.Kind() {
		case slog.KindString:
			return x.String(), true
		case slog.KindAny:
			e, ok := x.Any().(*encode.Error)
			if !ok || e == nil {
				return "", false
			}
			return e.Message, true
		}
		return "", false
	}
	return v.String(), true
}
