package config

import (
	"slices"
	"strings"
	"unicode"
)

// keyOf returns the key of a Go field: its name in snake case. A run of capitals
// is one word ("CAFile" is ca_file), so is its plural ("URLs"), and a single
// capital belongs to what follows ("VHost" is vhost).
func keyOf(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && wordBegins(runes, i) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// wordBegins reports whether the capital at i begins a word.
func wordBegins(name []rune, i int) bool {
	if !unicode.IsUpper(name[i-1]) {
		return true
	}
	if i+1 == len(name) || !unicode.IsLower(name[i+1]) {
		return false // the run goes on, or ends the name
	}
	plural := name[i+1] == 's' && (i+2 == len(name) || unicode.IsUpper(name[i+2]))
	return !plural && i > 1 && unicode.IsUpper(name[i-2])
}

// plain is a name as it is compared: without case, "-", "_" and other marks, so
// that octet_counted, OctetCounted and octet-counted are the same.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// maxNear is how long a text may be that a near name is looked for: the search
// takes the product of both lengths.
const maxNear = 64

// nearest returns which of names a person most likely meant by text, "" if none
// is near: a third of the letters may be wrong.
func nearest(text string, names []string) string {
	if len(text) < 2 || len(text) > maxNear {
		return ""
	}
	best, least := "", max(len(text)/3, 1)
	for _, name := range names {
		if d := distance(strings.ToLower(text), strings.ToLower(name)); d < least || d == least && best == "" {
			best, least = name, d
		}
	}
	return best
}

// distance is the number of letters to insert, remove, replace or swap with the
// next to get from a to b (optimal string alignment: a swap is the commonest
// slip on a keyboard, and counts once).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// list joins names for a person to read: all of them, in their order.
func list(names []string) string { return strings.Join(names, ", ") }

// oneOf is list for what is allowed.
func oneOf(names []string) string {
	switch len(names) {
	case 0:
		return "nothing"
	case 1:
		return names[0]
	default:
		return "one of " + list(names)
	}
}

// union is a and what b has besides.
func union(a, b []string) []string {
	a = slices.Clip(a)
	for _, name := range b {
		if !slices.Contains(a, name) {
			a = append(a, name)
		}
	}
	return a
}

// sortedKeys makes what errors list the same each time.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
