package main

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/slogship/slogship/route/config"
)

// words turns the names that a comment uses, which are Go's, into those of a
// file. It is made for one struct.
type words map[string]string

// newWords knows the fields of a struct and the values that they may have, and
// what the struct around it knows.
func (s *source) newWords(fields []config.Field, outer words) (words, error) {
	w := maps.Clone(outer)
	for _, f := range fields {
		if f.Kind == config.Safety {
			w["Process"], w["Power"] = "process", "power"
		}
		if f.Kind != config.Name {
			continue
		}
		values, err := s.valuesOf(&f)
		if err != nil {
			return nil, err
		}
		maps.Copy(w, values)
	}
	w.add("", "", fields) // a field's name goes before a value's
	return w, nil
}

// add knows "TLS.ServerName" as tls.server_name.
func (w words) add(goPrefix, keyPrefix string, fields []config.Field) {
	for _, f := range fields {
		w[goPrefix+f.Go] = keyPrefix + f.Key
		w.add(goPrefix+f.Go+".", keyPrefix+f.Key+".", f.Fields)
	}
}

// valuesOf returns the values of an enumeration by the names of their constants.
func (s *source) valuesOf(f *config.Field) (map[string]string, error) {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	consts, err := s.constants(t)
	if err != nil {
		return nil, err
	}
	consts = slices.DeleteFunc(slices.Clone(consts), func(c constant) bool { return !unicode.IsUpper(rune(c.name[0])) })
	values := map[string]string{}
	for i, c := range consts {
		if len(consts) == len(f.Values) { // both are in the order of the numbers
			values[c.name] = f.Values[i]
			continue
		}
		for _, v := range f.Values {
			if strings.HasSuffix(letters(c.name), letters(v)) {
				values[c.name] = v
			}
		}
	}
	return values, nil
}

// letters is a name as it is compared: OctetCounted and octet_counted are one.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

var (
	goEncoder = regexp.MustCompile(`(?:the zero )?\[?\bencode\.(\w+)(?:\{(?:(\w+): (\w+))?\})?\]?`)
	goDest    = regexp.MustCompile(`\[?\b(\w+)\.Destination\b\]?`)
	goLevel   = regexp.MustCompile(`\bslog\.Level(\w+)\b`)
	goLink    = regexp.MustCompile(`(^|[\s(])\[([A-Za-z][\w./]*)\]`)

	// Within quotes nothing is a name of Go's, so quotes are matched with it.
	goName = regexp.MustCompile("\"[^\"]*\"|`[^`]*`|" + `[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*`)
)

// translate returns a comment as a reader of a file understands it. A word in
// capitals, such as TLS, is a name where a comment begins with it and nowhere
// else.
func (w words) translate(text string) string { return w.replace(text, true) }

// value is translate for what is no sentence.
func (w words) value(text string) string { return w.replace(text, false) }

func (w words) replace(text string, first bool) string {
	text = goEncoder.ReplaceAllStringFunc(text, func(m string) string { return w.encoder(goEncoder.FindStringSubmatch(m)) })
	text = goDest.ReplaceAllString(text, "`$1`")
	text = goLevel.ReplaceAllStringFunc(text, func(m string) string { return strings.ToUpper(strings.TrimPrefix(m, "slog.Level")) })
	text = goLink.ReplaceAllString(text, "$1$2")
	text = strings.NewReplacer("nil: none", "none", "nil:", "none:", "Its zero value", "its zero value").Replace(text)
	return goName.ReplaceAllStringFunc(text, func(word string) string {
		name, known := w[word]
		known = known && (first || mixed(word))
		first = false
		if !known {
			return word
		}
		return "`" + name + "`"
	})
}

// mixed tells names from words that are in capitals anyway: "the TLS handshake"
// is not about a key.
func mixed(word string) bool { return strings.ToUpper(word) != word }

// encoder is what a file calls a format of package encode.
func (w words) encoder(m []string) string {
	for name, e := range config.Encoders() {
		if reflect.TypeOf(e).Name() != m[1] {
			continue
		}
		name = "`" + name + "`"
		if m[2] != "" {
			name += " with `" + strings.ToLower(strings.Join(goHump.FindAllString(m[2], -1), "_")) + ": " + m[3] + "`"
		}
		return name
	}
	return m[0]
}

var goHump = regexp.MustCompile(`[A-Z][a-z]*`)
