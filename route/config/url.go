package config

import (
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// link is a URL on its way to a destination.
type link struct {
	d      *decoder
	n      *yaml.Node
	key    string
	t      template
	hidden bool // the whole URL came from a variable or a file: nothing of it is shown
	guess  bool // a part of it is not known
}

// short makes the destination of a URL. The result is a pointer to it.
func (d *decoder) short(n *yaml.Node, key string) (dest reflect.Value, ok bool) {
	t, ok := d.template(n, key, false)
	if !ok {
		return dest, false
	}
	l := &link{d: d, n: n, key: key, t: t, hidden: t.whole()}
	if l.hidden {
		text, known := d.fill(n, key, &t, t.text, same)
		if !known {
			return dest, false
		}
		l.t = template{text: text} // whatever it holds, it is no reference
	}
	base, query, _ := strings.Cut(l.t.text, "?")
	name, rest, _ := strings.Cut(base, "://")
	s, ok := l.scheme(name)
	if !ok {
		return dest, false
	}
	if strings.Contains(rest, "://") {
		l.bad("one URL; several are a list")
		return dest, false
	}
	if strings.Contains(l.t.text, "#") {
		l.bad("a URL without #; write %23")
		return dest, false
	}
	u, ok := l.url(name, rest)
	if !ok {
		l.fill(query, same) // for all that is missing to be said together
		return dest, false
	}
	return l.build(s, u, query)
}

// same is for references that need no escaping where they stand.
func same(s string) string { return s }

// bad notes that the URL is not what is allowed.
func (l *link) bad(allowed string) {
	l.d.fail(l.n, l.key, &Error{Value: show(l.n.Value), Problem: "not a URL that can be used", Allowed: allowed, Err: ErrValue})
}

// scheme returns the scheme that the URL names.
func (l *link) scheme(name string) (Scheme, bool) {
	name, known := l.fill(name, same)
	if !known {
		return Scheme{}, false
	}
	s, ok := l.d.schemes[name]
	switch {
	case !ok:
		e := &Error{Value: show(l.n.Value), Problem: "unknown scheme", Allowed: l.d.schemeNames(), Err: ErrValue}
		if !l.hidden {
			e.Near = nearest(name, sortedKeys(l.d.schemes))
		}
		l.d.fail(l.n, l.key, e)
	case s.fromURL == nil:
		l.bad("the long form: {type: " + name + ", …}, as this type has no URL")
		ok = false
	}
	return s, ok
}

// fill replaces the references of a part. It is false if the part is not known.
func (l *link) fill(part string, escape func(string) string) (string, bool) {
	text, known := l.d.fill(l.n, l.key, &l.t, part, escape)
	l.guess = l.guess || !known
	return text, known
}

// url makes a URL of what is before the "?". References are put in where they
// stand and nowhere else: a password may have any character, a host no path.
func (l *link) url(scheme, rest string) (*url.URL, bool) {
	scheme, _ = l.fill(scheme, same)
	authority, path, slash := strings.Cut(rest, "/")
	at := strings.LastIndexByte(authority, '@')
	if at < 0 && authority != "" && strings.Contains(path, "@") {
		l.bad("%2F for a / in a user name or password")
		return nil, false
	}
	user, _ := l.fill(authority[:at+1], func(s string) string { return strings.TrimPrefix(url.UserPassword("", s).String(), ":") })
	host, _ := l.fill(authority[at+1:], same)
	path, _ = l.fill(path, escapePath)
	if strings.HasPrefix(host, "/") && user == "" { // file://${DIR}/x.json, as DIR is absolute
		host, path, slash = "", escapePath(host[1:])+"/"+path, true
	}
	if l.guess && !l.d.check {
		return nil, false // said already
	}
	if strings.ContainsAny(host, "/?#@\\ \t\r\n") {
		l.bad("a host, or hosts with commas between them, each with a port or without")
		return nil, false
	}
	text := scheme + "://" + user + host
	if slash {
		text += "/" + path
	}
	u, err := url.Parse(text)
	if err != nil {
		l.bad(urlReason(err))
		return nil, false
	}
	return u, true
}

// escapePath escapes all but the slashes: a variable may hold several directories
// of a path, and must not begin the parameters.
func escapePath(s string) string { return strings.ReplaceAll(url.PathEscape(s), "%2F", "/") }

// urlReason says what url.Parse did not like without a word of the URL, which its
// own errors quote, password and all.
func urlReason(err error) string {
	if _, ok := errors.AsType[url.EscapeError](err); ok {
		return "% only in an escape such as %25"
	}
	if _, ok := errors.AsType[url.InvalidHostError](err); ok {
		return "a host without special characters"
	}
	return "scheme://host:port/path, with a port that is a number"
}

// parameter is one of a URL's query. value is a part of the template still.
type parameter struct {
	name, value string
	bare        bool // without "="
}

// build lets the scheme and then the parameters set the destination's fields.
func (l *link) build(s Scheme, u *url.URL, query string) (dest reflect.Value, ok bool) {
	params, ok := l.parameters(query)
	if !ok {
		return dest, false
	}
	values := url.Values{}
	for _, p := range params {
		text, _ := l.fill(p.value, same)
		values.Set(p.name, text)
	}
	u.RawQuery = values.Encode()
	dest = s.blank()
	if err := s.fromURL(dest.Interface(), u); err != nil && !l.guess {
		l.bad(l.clean(err, u, values))
		return dest, false
	}
	left := u.Query()
	for _, p := range params {
		if left.Has(p.name) {
			l.set(p, s, dest.Elem())
		}
	}
	return dest, true
}

// clean is the text of a scheme's error, which promises to hold no secret, and is
// not trusted to.
func (l *link) clean(err error, u *url.URL, values url.Values) string {
	text := err.Error()
	password, _ := u.User.Password()
	secrets := []string{password, u.User.Username()}
	for _, v := range values {
		secrets = append(secrets, v...)
	}
	if l.hidden {
		return "a URL with what its scheme needs"
	}
	// One or two letters are in the words of any error.
	return hide(text, slices.DeleteFunc(secrets, func(s string) bool { return len(s) <= 2 }))
}

// parameters splits the query. url.ParseQuery would keep neither the order, which
// errors come in, nor what was written in place of each value.
func (l *link) parameters(query string) ([]parameter, bool) {
	var params []parameter
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		switch {
		case err1 != nil || err2 != nil:
			l.bad("% only in an escape such as %25")
			return nil, false
		case strings.ContainsFunc(name, func(r rune) bool { _, is := isRef(r); return is }):
			l.bad("parameters whose names are no references")
			return nil, false
		case slices.ContainsFunc(params, func(p parameter) bool { return p.name == name }):
			l.d.fail(l.n, l.key, &Error{Value: show(l.n.Value), Problem: "a parameter is given twice", Allowed: "it once; several values have commas between them", Err: ErrDuplicate})
			return nil, false
		}
		params = append(params, parameter{name, value, !found})
	}
	return params, true
}

// set sets the field that a parameter names: "max_size", "tls.ca_file".
func (l *link) set(p parameter, s Scheme, v reflect.Value) {
	e := entry{key: l.n, path: l.key + "?" + p.name, name: p.name}
	if l.hidden {
		e.path, e.name = l.key, ""
	}
	unknown := func(known []string) {
		if !l.hidden && (p.bare || strings.ContainsFunc(p.name, notOfKey)) {
			e.path = l.key + "?" + mask // may be a bare token, or the rest of a URL
		}
		l.d.unknownKey(e, known)
	}
	names := strings.Split(p.name, ".")
	fields, prefix := s.Fields(), ""
	for i, name := range names {
		f := find(fields, name)
		last := i == len(names)-1
		if f == nil || f.Kind == Unreachable || f.Kind != Struct && !last {
			unknown(shortKeys(fields, prefix))
			return
		}
		if v = v.Field(f.index); last {
			l.setField(p, e.path, f, v)
			return
		}
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		fields, prefix = f.Fields, prefix+name+"."
	}
}

// notOfKey reports whether no key has r: keys are in lower case, but somebody may
// have written one as the code has it.
func notOfKey(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '.' || r == '-')
}

// setField decodes a parameter's value as it would be decoded in the long form,
// from a node of its own with the place of the URL. References are put back for
// that: what they stand for is replaced there, and shown nowhere.
func (l *link) setField(p parameter, key string, f *Field, v reflect.Value) {
	field := *f
	field.Secret = field.Secret || l.hidden
	node := *l.n
	node.Value, node.Tag, node.Style = l.t.source(p.value), "!!str", 0
	if p.bare && (f.Kind == Bool || f.Kind == Struct) {
		node.Value = "true"
	}
	l.d.value(&node, key, &field, v)
}

// shortKeys are the keys that fit into a URL.
func shortKeys(fields []Field, prefix string) []string {
	var keys []string
	for _, f := range fields {
		switch f.Kind {
		case Unreachable, Table, Attrs, Output, Match:
		case Struct:
			keys = append(keys, prefix+f.Key+".…")
		default:
			keys = append(keys, prefix+f.Key)
		}
	}
	return keys
}

// source is a part of a template as a file has it.
func (t *template) source(part string) string {
	var b strings.Builder
	for rest := part; rest != ""; {
		at := strings.IndexFunc(rest, func(r rune) bool { _, is := isRef(r); return is })
		if at < 0 {
			b.WriteString(strings.ReplaceAll(rest, "${", "$${"))
			break
		}
		b.WriteString(strings.ReplaceAll(rest[:at], "${", "$${"))
		i, _ := isRef([]rune(rest[at:])[0])
		b.WriteString(t.refs[i].String())
		rest = rest[at+len(string(firstRef)):]
	}
	return b.String()
}

// String returns the reference as it stands in a file.
func (r *reference) String() string {
	switch {
	case r.file != "":
		return "${file:" + r.file + "}"
	case r.optional:
		return "${" + r.name + ":" + r.fallback + "}"
	default:
		return "${" + r.name + "}"
	}
}
