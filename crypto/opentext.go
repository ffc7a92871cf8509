package crypto

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/slogship/slogship/encode"
)

// OpenText opens the tokens in a line of any text and returns the line. A value
// that is not one printable word is written in quotes with escapes: what was
// sealed may hold line breaks, and must not make lines of its own. Tokens that
// could not be opened stay, with a mark before them ("!UNKNOWN_KEY ").
func (o *Opener) OpenText(ctx context.Context, line string) (string, Counts) {
	var c Counts
	out, _ := o.replaceTokens(ctx, line, nil, &c, func(before string, v slog.Value) string {
		text := inText(before, v)
		if quoted := string(valueJSON(slog.StringValue(text))); !strings.HasSuffix(before, `"`) &&
			(quoted != `"`+text+`"` || text == "" || strings.ContainsAny(text, " =")) {
			return quoted
		}
		return text
	})
	return out, c
}

// inText is a value within a text. Behind a quote it is escaped as JSON is, and
// the quotes stay: the text may be JSON, on the lines of a document or in a
// string of another one.
func inText(before string, v slog.Value) string {
	text := textOf(v)
	if strings.HasSuffix(before, `"`) {
		quoted := valueJSON(slog.StringValue(text))
		return string(quoted[1 : len(quoted)-1])
	}
	return text
}

// textOf is a value within a text.
func textOf(v slog.Value) string {
	switch v.Kind() {
	case slog.KindString, slog.KindTime, slog.KindDuration:
		return v.String()
	}
	return string(valueJSON(v))
}

// replaceTokens returns text with what write makes of each token's value, and
// whether there was a token. write is told the text before it. at is where the
// text stands; nil: not known.
func (o *Opener) replaceTokens(ctx context.Context, text string, at *spot, c *Counts, write func(string, slog.Value) string) (string, bool) {
	var out strings.Builder
	end := 0
	for {
		from, to := findToken(text, end)
		if from < 0 {
			break
		}
		before := text[end:from]
		v, err := o.openMaybeAt(ctx, text[from:to], at)
		if before = withoutMark(before); err != nil {
			out.WriteString(before)
			out.WriteString(c.mark(err))
			out.WriteString(text[from:to])
		} else {
			c.Opened++
			out.WriteString(before)
			out.WriteString(write(before, v.Value))
		}
		end = to
	}
	if end == 0 {
		return text, false
	}
	out.WriteString(text[end:])
	return out.String(), true
}

// openMaybeAt checks the place only where it is known: OpenAt with an empty Place
// would say that everything has moved, but for messages.
func (o *Opener) openMaybeAt(ctx context.Context, token string, at *spot) (Opened, error) {
	if at == nil {
		return o.Open(ctx, token)
	}
	v, err := o.OpenAt(ctx, token, at.Place)
	if at.ofError != "" && errors.Is(err, ErrMoved) {
		other := at.Place
		other.Path = at.ofError
		return o.OpenAt(ctx, token, other)
	}
	return v, err
}

// spot is a place in a document.
type spot struct {
	Place

	// ofError is the path of the error whose text this would be, since documents
	// have errors as objects: "err" at "err.message" and "err.causes.message". ""
	// if the path does not look like that.
	ofError string
}

// withoutMark takes off the mark that an earlier run with other keys has left.
func withoutMark(before string) string {
	for _, m := range marks() {
		if s, ok := strings.CutSuffix(before, m); ok {
			return s
		}
	}
	return before
}

// findToken returns where the next token from i on stands, also one without its
// end; -1: there is none. The prefix alone, without a number and a dot, is a
// word as any other.
func findToken(s string, i int) (from, to int) {
	for {
		at := strings.Index(s[i:], anyPrefix)
		if at < 0 {
			return -1, -1
		}
		from, to = i+at, i+at+len(anyPrefix)
		i = to
		for to < len(s) && isDigit(s[to]) {
			to++
		}
		if to == i || to == len(s) || s[to] != '.' {
			continue
		}
		// All that may be the token's. Where its end was cut off, that takes in
		// characters that follow; the mark says so, and they stay in the text.
		for to < len(s) && (isTokenByte(s[to]) || s[to] == '.') {
			to++
		}
		if to < len(s) && s[to] == tokenEnd {
			to++
		}
		return from, to
	}
}

// valueJSON returns v as slogship's JSON lines have it, with all that they
// escape. The encoder writes records, so it gets one with nothing but v.
func valueJSON(v slog.Value) []byte {
	const omit = encode.OmitField
	e := encode.JSONLines{MaxBytes: 16 << 20, Keys: encode.Keys{
		Time: omit, Level: omit, Message: omit, Source: omit, Observed: omit, Scope: omit, Stack: omit,
		TraceID: omit, SpanID: omit, TraceFlags: omit, ID: omit, Resource: omit,
	}}
	b, err := e.AppendRecord(nil, &encode.Record{Attrs: []slog.Attr{{Key: "v", Value: v}}})
	if head := len(`{"v":`); err == nil && len(b) > head {
		return b[head : len(b)-1]
	}
	return []byte("null") // not reached: the encoder has no errors
}
