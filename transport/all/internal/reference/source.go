package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// module is the prefix of the packages whose comments can be read.
const module = "github.com/slogship/slogship"

// source reads the doc comments of the types that a file can set. The comments
// are the one place where an option is described: the page that is made of them
// cannot say something else than what a Go programmer reads.
//
// It is used by one goroutine.
type source struct {
	root string // the repository
	dirs map[string]*comments
}

// comments are those of one package.
type comments struct {
	types  map[string]string              // the comment of a type
	fields map[string]map[string]fieldDoc // by type and field
	consts map[string][]constant          // by the type that a block of constants has
}

// fieldDoc is a field's comment. Fields in a row share one: the field at position
// is one of shared.
type fieldDoc struct {
	text             string
	position, shared int
}

// constant is one of an enumeration.
type constant struct{ name, doc string }

// typeDoc returns the comment of a named type.
func (s *source) typeDoc(t reflect.Type) (string, error) {
	c, err := s.of(t)
	if err != nil {
		return "", err
	}
	return c.types[t.Name()], nil
}

// fieldDoc returns the comment of a struct's field. A field without one shares
// that of the field above it, if no empty line is between them.
func (s *source) fieldDoc(t reflect.Type, field string) (fieldDoc, error) {
	c, err := s.of(t)
	if err != nil {
		return fieldDoc{}, err
	}
	doc, ok := c.fields[t.Name()][field]
	if !ok {
		return fieldDoc{}, fmt.Errorf("no field %s.%s in the source of %s", t.Name(), field, t.PkgPath())
	}
	return doc, nil
}

// constants returns those of type t, in the order of the source.
func (s *source) constants(t reflect.Type) ([]constant, error) {
	c, err := s.of(t)
	if err != nil {
		return nil, err
	}
	return c.consts[t.Name()], nil
}

// of returns the comments of t's package.
func (s *source) of(t reflect.Type) (*comments, error) {
	rest, ok := strings.CutPrefix(t.PkgPath(), module)
	if !ok {
		return nil, fmt.Errorf("type %v: not of this repository", t)
	}
	if c := s.dirs[rest]; c != nil {
		return c, nil
	}
	c, err := read(filepath.Join(s.root, filepath.FromSlash(rest)))
	if err != nil {
		return nil, fmt.Errorf("type %v: %w", t, err)
	}
	s.dirs[rest] = c
	return c, nil
}

// read parses the files of a folder but its tests. Those of other platforms are
// read as well: none of them declares an option twice.
func read(dir string) (*comments, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	c := &comments{types: map[string]string{}, fields: map[string]map[string]fieldDoc{}, consts: map[string][]constant{}}
	set := token.NewFileSet()
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, filepath.Join(dir, e.Name()), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				c.add(set, g)
			}
		}
	}
	return c, nil
}

func (c *comments) add(set *token.FileSet, g *ast.GenDecl) {
	current := "" // the type of a constant that has none of its own
	for _, spec := range g.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			doc := spec.Doc
			if doc == nil {
				doc = g.Doc
			}
			c.types[spec.Name.Name] = text(doc, spec.Comment)
			if body, ok := spec.Type.(*ast.StructType); ok {
				c.fields[spec.Name.Name] = fieldsOf(set, body)
			}
		case *ast.ValueSpec:
			if g.Tok != token.CONST {
				continue
			}
			if name, ok := spec.Type.(*ast.Ident); ok {
				current = name.Name
			} else if spec.Type != nil || spec.Values != nil {
				current = ""
			}
			for _, name := range spec.Names {
				c.consts[current] = append(c.consts[current], constant{name.Name, text(spec.Doc, spec.Comment)})
			}
		}
	}
}

// fieldsOf returns the comments of a struct's fields.
func fieldsOf(set *token.FileSet, body *ast.StructType) map[string]fieldDoc {
	docs := map[string]fieldDoc{}
	var row []string // the names that share the last comment
	above, line := "", -1
	for _, f := range body.Fields.List {
		doc := text(f.Doc, f.Comment)
		if doc != "" || set.Position(f.Pos()).Line != line+1 {
			above, row = doc, nil
		}
		line = set.Position(f.End()).Line
		for _, name := range f.Names {
			row = append(row, name.Name)
		}
		for i, name := range row {
			docs[name] = fieldDoc{above, i, len(row)}
		}
	}
	return docs
}

// text joins the comments before and behind a declaration.
func text(groups ...*ast.CommentGroup) string {
	var parts []string
	for _, g := range groups {
		if g != nil {
			parts = append(parts, strings.TrimSpace(g.Text()))
		}
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n")
}
