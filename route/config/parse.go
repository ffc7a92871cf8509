package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Bounds of a file. A configuration is read at the start of a service, often
// from a place that others write to: what it costs must not depend on what is in
// it. Ten lines of aliases of aliases are 10^9 nodes ("billion laughs").
const (
	maxFile  = 1 << 20
	maxDepth = 32
	maxNodes = 20_000 // with each alias counted as what it stands for
)

// parse reads text as YAML, or as JSON if it begins as an object. JSON has a
// reader of its own: YAML's refuses characters that JSON writes as two escapes,
// and calls errors by YAML's words.
func parse(text []byte) (*yaml.Node, *Error) {
	switch {
	case len(text) > maxFile:
		return nil, &Error{Problem: "it is larger than 1 MiB", Err: ErrLimit}
	case !utf8.Valid(text):
		return nil, badCharacter(text, "not UTF-8", func(r rune, size int) bool { return r == utf8.RuneError && size == 1 })
	case bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")):
		return parseJSON(text)
	}
	return parseYAML(text)
}

// badCharacter returns the error about the first character that is bad, nil if
// none is.
func badCharacter(text []byte, problem string, bad func(r rune, size int) bool) *Error {
	line, begin := 1, 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if bad(r, size) {
			return &Error{Line: line, Column: i - begin + 1, Problem: problem, Err: ErrSyntax}
		}
		if i += size; r == '\n' {
			line, begin = line+1, i
		}
	}
	return nil
}

// parseYAML returns the one document of text.
func parseYAML(text []byte) (*yaml.Node, *Error) {
	// The library says of these neither which nor where.
	if e := badCharacter(text, "a control character", func(r rune, _ int) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r >= 0x7f && r < 0xa0 && r != 0x85
	}); e != nil {
		return nil, e
	}
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, &Error{Problem: "it is empty", Allowed: "a mapping with the key logging", Err: ErrRequired}
		}
		return nil, yamlError(text, err)
	}
	if err := dec.Decode(&more); err == nil {
		return nil, &Error{Line: more.Line, Column: max(more.Column, 1), Problem: "a second document", Allowed: "one", Err: ErrSyntax}
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlError(text, err)
	}
	if len(doc.Content) != 1 {
		return nil, &Error{Problem: "it is empty", Allowed: "a mapping with the key logging", Err: ErrRequired}
	}
	return doc.Content[0], nil
}

// yamlError finds the line in an error of the YAML library, which has it in its
// text alone; counted from 0 if the parser and not the scanner says it, and not
// at all if it is 0. Anchors and tags, which some quote, are no secrets.
func yamlError(text []byte, err error) *Error {
	e := &Error{Line: 1, Column: 1, Problem: strings.TrimPrefix(err.Error(), "yaml: "), Err: ErrSyntax}
	parser := func() bool { return strings.HasPrefix(e.Problem, "did not find expected ") }
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(e.Problem); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		if e.Problem = e.Problem[len(m[0]):]; parser() {
			e.Line++
		}
	}
	if m := regexp.MustCompile(`^unknown anchor '(.*)' referenced`).FindStringSubmatch(e.Problem); m != nil {
		before, _, _ := bytes.Cut(text, []byte("*"+m[1]))
		e.Line = 1 + bytes.Count(before, []byte("\n"))
		e.Column = len(before) - bytes.LastIndexByte(before, '\n')
	}
	lines := bytes.Split(text, []byte("\n"))
	if parser() && regexp.MustCompile(`[{\[].*\$\{`).Match(lines[min(e.Line, len(lines))-1]) {
		e.Allowed = `quotes around a reference within { } or [ ], as in {tenant: "${TENANT}"}`
	}
	e.Problem = "not well-formed YAML: " + show(e.Problem)
	return e
}

// inspector goes over a file once, before anything is decoded.
type inspector struct {
	errs  Errors
	seen  map[*yaml.Node]extent // the zero extent while it is under way
	depth int                   // of the walk, which aliases do not deepen as they are measured once
}

// extent is how much a node stands for, aliases followed.
type extent struct{ nodes, height int }

// inspect finds what no part of a file may have: keys that are given twice, keys
// that are no text, aliases that lead back to themselves, and more than the
// bounds. What comes after it may follow aliases without a care.
func inspect(root *yaml.Node) Errors {
	in := inspector{seen: map[*yaml.Node]extent{}}
	whole := in.measure(root)
	if whole.nodes > maxNodes {
		in.fail(root, &Error{Problem: "more than 20,000 values, aliases counted as what they stand for", Err: ErrLimit})
	}
	if whole.height > maxDepth {
		in.fail(root, &Error{Problem: "nested more than 32 deep, aliases counted as what they stand for", Err: ErrLimit})
	}
	return in.errs
}

// fail notes e about n; the file's name is set by the caller of inspect.
func (in *inspector) fail(n *yaml.Node, e *Error) {
	e.Line, e.Column = n.Line, n.Column
	in.errs = append(in.errs, e)
}

// measure returns the extent of n, at most a little more than the bounds. It
// goes no deeper than they are, whatever the file does.
func (in *inspector) measure(n *yaml.Node) extent {
	if x, seen := in.seen[n]; seen {
		if x == (extent{}) {
			in.fail(n, &Error{Value: n.Anchor, Problem: "the anchor's value holds an alias to itself", Err: ErrCycle})
		}
		return x
	}
	if in.depth > maxDepth {
		return extent{1, maxDepth + 1}
	}
	in.depth++
	in.seen[n] = extent{}
	x := extent{1, 1}
	children := n.Content
	if n.Kind == yaml.AliasNode {
		children = []*yaml.Node{n.Alias}
	}
	for _, child := range children {
		c := in.measure(child)
		x = extent{min(x.nodes+c.nodes, maxNodes+1), max(x.height, min(c.height+1, maxDepth+1))}
	}
	if n.Kind == yaml.MappingNode {
		in.keys(n)
	}
	in.depth--
	in.seen[n] = x
	return x
}

// keys checks those of one mapping. YAML's own rule for duplicates is left to its
// users, and most take the last: the level that somebody added at the top of a
// file would be ignored without a word.
func (in *inspector) keys(n *yaml.Node) {
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!null" {
			in.fail(key, &Error{Problem: "a key that is no text", Allowed: "a name", Err: ErrSyntax})
			continue
		}
		if before := first[key.Value]; before != nil {
			in.fail(key, &Error{Key: show(key.Value), Problem: "the key is given twice, first in line " + strconv.Itoa(before.Line),
				Allowed: "it once", Err: ErrDuplicate})
			continue
		}
		first[key.Value] = key
	}
}
