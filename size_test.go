package slogship_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// What fits a screen or three is read as a whole; the limits are those of
// CONTRIBUTING.md.
const (
	maxFile     = 600 // lines, tests included
	maxFunction = 80  // lines, tests excepted: a table may be long
)

func TestSize(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".pb.go") {
			return nil // .pb.go is written by a program
		}
		files++
		return measure(t, path)
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Errorf("only %d files were found", files)
	}
}

func measure(t *testing.T, path string) error {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if n := fset.File(f.FileStart).LineCount(); n > maxFile {
		t.Errorf("%s has %d lines, more than %d", path, n, maxFile)
	}
	if strings.HasSuffix(path, "_test.go") {
		return nil
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1; n > maxFunction {
			t.Errorf("%s: %s has %d lines, more than %d", path, fn.Name.Name, n, maxFunction)
		}
	}
	return nil
}
