package config

import (
	"errors"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A value is split into its references and the text between them before any of
// them is replaced, and what a reference stands for is never looked at again: it
// can neither bring keys into the file nor references into the value nor, in a
// URL, a host or a parameter. Each reference is one character of a private
// plane of Unicode meanwhile, so that a URL can be taken apart around it.

// firstRef stands for reference 0.
const firstRef = '\U000F0000'

// maxRefs is how many references one value may have.
const maxRefs = 100

// maxSecret is the most that a file of a secret may hold.
const maxSecret = 64 << 10

// reference is one ${NAME}, ${NAME:default} or ${file:path}.
type reference struct {
	name     string // of the variable; "" for a file
	file     string
	fallback string
	optional bool // there is a fallback
}

// template is a value whose references are not replaced.
type template struct {
	text string // with a character for each reference
	refs []reference
}

// whole reports whether the value is one reference and nothing else.
func (t *template) whole() bool {
	return len(t.refs) == 1 && len(t.text) == utf8.RuneLen(firstRef)
}

// isRef returns the number of the reference that r stands for.
func isRef(r rune) (int, bool) { return int(r - firstRef), r >= firstRef && r < firstRef+maxRefs }

const wantReference = "${NAME}, ${NAME:default}, ${file:/path}, or $${ for the two characters themselves"

// split finds the references of a value. The problem is "" if it went well.
func split(value string) (t template, problem string) {
	var b strings.Builder
	for rest := value; ; {
		before, after, found := strings.Cut(rest, "${")
		if strings.ContainsFunc(before, func(r rune) bool { _, is := isRef(r); return is }) {
			return t, "a character of a private plane of Unicode"
		}
		switch {
		case !found:
			b.WriteString(before)
			t.text = b.String()
			return t, ""
		case strings.HasSuffix(before, "$"):
			b.WriteString(before[:len(before)-1] + "${")
			rest = after
			continue
		case len(t.refs) == maxRefs:
			return t, "more than 100 references"
		}
		inner, next, closed := strings.Cut(after, "}")
		if !closed {
			return t, "a reference that has no }"
		}
		ref, problem := parseReference(inner)
		if problem != "" {
			return t, problem
		}
		b.WriteString(before)
		b.WriteRune(firstRef + rune(len(t.refs)))
		t.refs = append(t.refs, ref)
		rest = next
	}
}

// parseReference reads what is between "${" and "}". A default goes up to the
// first "}", and has no references in it: nesting would need escapes, and who
// needs a variable for a default has a program that sets it.
func parseReference(inner string) (reference, string) {
	name, fallback, optional := strings.Cut(inner, ":")
	switch {
	case strings.Contains(inner, "${"):
		return reference{}, "a reference within a reference"
	case name == "file" && optional:
		if fallback == "" {
			return reference{}, "a reference to a file without its path"
		}
		return reference{file: fallback}, ""
	case !validVariable(name):
		return reference{}, "a reference to what is no name of a variable"
	case len(fallback) > 1 && fallback[0] == '-' && (fallback[1] < '0' || fallback[1] > '9'):
		return reference{}, "the shell's :-, where : alone is meant" // else the level would be "-INFO"
	}
	return reference{name: name, fallback: fallback, optional: optional}, ""
}

// validVariable goes by what a shell takes for a name (POSIX, 3.231): a name with
// another character is a slip, as no .env file or manifest could set it.
func validVariable(name string) bool {
	for i, r := range name {
		if r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r))) {
			return false
		}
	}
	return name != ""
}

// template splits the value of n, and says so if that cannot be done.
func (d *decoder) template(n *yaml.Node, key string, secret bool) (template, bool) {
	t, problem := split(n.Value)
	if problem != "" {
		d.fail(n, key, &Error{Value: shown(n.Value, secret), Problem: problem, Allowed: wantReference, Err: ErrValue})
		return t, false
	}
	return t, true
}

// expand returns the value of a scalar with its references replaced. It is false
// where that is not known: an error has been noted, or the check of a file does
// not look at what the process brings along.
func (d *decoder) expand(n *yaml.Node, key string, secret bool) (string, bool) {
	t, ok := d.template(n, key, secret)
	if !ok {
		return "", false
	}
	return d.fill(n, key, &t, t.text, func(s string) string { return s })
}

// fill replaces the references of a part of a template, each through escape.
func (d *decoder) fill(n *yaml.Node, key string, t *template, part string, escape func(string) string) (string, bool) {
	var b strings.Builder
	known := true
	for _, r := range part {
		i, is := isRef(r)
		if !is {
			b.WriteRune(r)
			continue
		}
		value, ok := d.resolve(n, key, &t.refs[i])
		b.WriteString(escape(value))
		known = known && ok
	}
	return b.String(), known
}

// unknown stands for what a reference will be, in a check that can't know it. It
// is a host, a port and a path.
const unknown = "1"

// resolve returns what a reference stands for.
func (d *decoder) resolve(n *yaml.Node, key string, ref *reference) (string, bool) {
	if d.check {
		if ref.optional {
			return ref.fallback, true
		}
		return unknown, false
	}
	if ref.file != "" {
		return d.secretFile(n, key, ref)
	}
	// A variable that is there and empty is what "NAME=" in a .env file and an
	// unset secret of a pipeline make: nobody means an empty host by that.
	if value, ok := d.lookup(ref.name); ok && value != "" {
		return value, true
	}
	if !ref.optional {
		d.fail(n, key, &Error{Value: "${" + ref.name + "}", Problem: "the environment has no value for " + ref.name,
			Allowed: "it set and not empty, or a default: ${" + ref.name + ":default}", Err: ErrVariable})
	}
	return ref.fallback, ref.optional
}

// secretFile reads the file of a reference, anew each time: a secret that was
// rotated is in force with the next Routes. What is in it is remembered, to be
// kept out of the errors of whoever gets it.
func (d *decoder) secretFile(n *yaml.Node, key string, ref *reference) (string, bool) {
	text, err := d.readFile(ref.file, maxSecret)
	e := &Error{Value: "${file:" + ref.file + "}", Allowed: "a file of at most 64 KiB of UTF-8 that is not empty", Err: ErrVariable}
	// One line break at the end is the editor's. More, and blanks, may be meant.
	value := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Problem = "there is no such file"
	case err != nil:
		e.Problem, e.Err = "the file cannot be read: "+reason(err), errors.Join(ErrVariable, err)
	case value == "":
		e.Problem = "the file is empty"
	case !utf8.ValidString(value):
		e.Problem = "the file is not UTF-8"
	default:
		d.secrets = append(d.secrets, value)
		return value, true
	}
	d.fail(n, key, e)
	return "", false
}

// reason is an error without the path, which is there already.
func reason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

// shown is show for a value that may be secret as a whole.
func shown(text string, secret bool) string {
	if secret && text != "" {
		return "(not shown)"
	}
	return show(text)
}
