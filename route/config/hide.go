package config

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// leastRun is how many bytes in a row of a secret an error must not show: fewer
// are in a word that both have by chance, and tell nobody the rest.
const leastRun = 8

// hide masks secrets in the text of somebody else's error: as they are, in quotes
// and in a URL, where some of their characters are written otherwise, and in
// pieces, since who shows a long value cuts it.
func hide(text string, secrets []string) string {
	var forms []string
	for _, s := range secrets {
		quoted := strconv.Quote(s)
		forms = append(forms, s, quoted[1:len(quoted)-1], url.QueryEscape(s), url.PathEscape(s))
	}
	forms = slices.DeleteFunc(forms, func(s string) bool { return s == "" })
	// The longest first: one secret may be how another begins.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	forms = slices.Compact(forms)
	for _, s := range forms {
		text = strings.ReplaceAll(text, s, mask)
	}
	return hideRuns(text, forms)
}

// hideRuns masks what of text is leastRun bytes and more of one of secrets.
func hideRuns(text string, secrets []string) string {
	part := func(s string) bool {
		return slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(secret, s) })
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		end := i + leastRun
		if end > len(text) || !part(text[i:end]) {
			b.WriteByte(text[i])
			i++
			continue
		}
		for end < len(text) && part(text[i:end+1]) {
			end++
		}
		b.WriteString(mask)
		i = end
	}
	return b.String()
}
