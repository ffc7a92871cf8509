package handler

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
)

// Explanation says where a record would go, and why.
type Explanation struct {
	Level   slog.Level         `json:"level"`
	Message string             `json:"message"`
	Scope   string             `json:"scope,omitempty"`
	Routes  []RouteExplanation `json:"routes"`         // all of them, in their order
	Next    bool               `json:"next,omitempty"` // Options.Next would get it as well
}

// RouteExplanation is what one route would do with the record.
type RouteExplanation struct {
	Route string `json:"route"`
	Taken bool   `json:"taken"`
	// Why names what decided, in words: the levels, the part of the matcher, the
	// route before.
	Why string `json:"why"`
	// Policies are those that may still keep a record that is taken from being
	// sent, as Sample. They are not asked, since that would use them up.
	Policies []string `json:"policies,omitempty"`
	// Destination is where the route leads, without secrets.
	Destination string `json:"destination"`
	// Preview is what the record would look like there, if it is taken; as JSON
	// if the transport can't say (see transport.Previewer).
	Preview []byte `json:"preview,omitempty"`
	// Err is what is wrong with the record, or the user's code in a matcher.
	Err error `json:"-"`
}

// String returns the explanation for people: a line with the record, then for
// each route + or -, its name and why, and below those that take it where it
// goes and what arrives.
//
//	WARN "disk is full"
//	+ collector  WARN is in >=INFO; tenant = "a"
//	             to tcp logs.internal:5170
//	             {"time":"2026-03-01T10:00:00Z","level":"WARN","msg":"disk is full","tenant":"a"}
//	- audit      tenant in ["b", "c"] does not hold
func (e Explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q", levelName(e.Level), e.Message)
	if e.Scope != "" {
		b.WriteString(" of " + e.Scope)
	}
	b.WriteByte('\n')
	width := 0
	for i := range e.Routes {
		width = max(width, len(e.Routes[i].Route))
	}
	for i := range e.Routes {
		e.Routes[i].write(&b, width)
	}
	if e.Next {
		fmt.Fprintf(&b, "+ %-*s  Options.Next is enabled for it\n", width, "")
	}
	return b.String()
}

func (r *RouteExplanation) write(b *strings.Builder, width int) {
	sign := '-'
	if r.Taken {
		sign = '+'
	}
	fmt.Fprintf(b, "%c %-*s  %s\n", sign, width, r.Route, r.Why)
	indent := strings.Repeat(" ", width+4)
	if r.Err != nil {
		fmt.Fprintf(b, "%s! %v\n", indent, r.Err)
	}
	if !r.Taken {
		return
	}
	for _, p := range r.Policies {
		fmt.Fprintf(b, "%sunless %s\n", indent, p)
	}
	fmt.Fprintf(b, "%sto %s\n", indent, r.Destination)
	for _, line := range previewLines(r.Preview) {
		fmt.Fprintf(b, "%s%s\n", indent, line)
	}
}

// previewLines are the lines of a preview, quoted if a terminal might obey it.
func previewLines(preview []byte) []string {
	text := strings.TrimRight(string(preview), "\r\n\x00")
	if text == "" {
		return nil
	}
	unsafe := func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unsafe) {
		return []string{fmt.Sprintf("%q", text)}
	}
	return strings.Split(text, "\n")
}

// levelName is exact: "WARN+1".
func levelName(l slog.Level) string {
	name := encode.LevelName(l)
	if above := l - encode.NamedLevel(encode.LevelIndex(l)); above != 0 {
		return fmt.Sprintf("%s%+d", name, int(above))
	}
	return name
}
