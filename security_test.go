package slogship_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// library calls f with each file of the library that is not a test's: not the
// examples, not what measures or starts others, not programs.
func library(t *testing.T, f func(name string, file *ast.File, set *token.FileSet)) (files int) {
	t.Helper()
	not := []string{"examples", "internal/benchmarks", "internal/interop", "internal/mutants", "internal/testkit", "internal/testpki"}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.' || slices.Contains(not, filepath.ToSlash(name))) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err == nil && file.Name.Name != "main" {
			files++
			f(filepath.ToSlash(name), file, set)
		}
		return err
	})
	if err != nil || files < 300 {
		t.Fatalf("%d files, %v: the test has lost its subject", files, err)
	}
	return files
}

// calls calls f with each call of a function in a file, as "pkg.Name".
func calls(file *ast.File, f func(name string, call *ast.CallExpr)) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch fn := call.Fun.(type) {
		case *ast.Ident:
			f(file.Name.Name+"."+fn.Name, call)
		case *ast.SelectorExpr:
			if pkg, ok := fn.X.(*ast.Ident); ok {
				f(pkg.Name+"."+fn.Sel.Name, call)
			}
		}
		return true
	})
}

// evaluators are packages that turn text into something that runs.
var evaluators = []string{"text/template", "html/template", "plugin", "os/exec", "go/parser", "go/types", "go/eval", "expvar", "net/rpc"}

// formats are functions whose argument of this number is a language of its own.
var formats = map[string]int{
	"fmt.Sprintf": 0, "fmt.Errorf": 0, "fmt.Printf": 0, "fmt.Fprintf": 1, "fmt.Appendf": 1, "log.Printf": 0, "log.Fatalf": 0,
	"regexp.Compile": 0, "regexp.MustCompile": 0, "os.Expand": 0, "os.ExpandEnv": 0,
	"handler.passed": 2, "preflight.Good": 2, // which pass their parameter format on
}

// S8: nothing in the library could evaluate log data: no package that runs text,
// and no format, pattern or expansion that is not written in the code. The one
// exception compiles patterns of the configuration file.
func TestS8_NoEvaluation(t *testing.T) {
	paths, looked := 0, 0
	files := library(t, func(name string, file *ast.File, set *token.FileSet) {
		for _, i := range file.Imports {
			if p := strings.Trim(i.Path.Value, `"`); slices.Contains(evaluators, p) {
				paths++
				t.Errorf("%s imports %s", name, p)
			}
		}
		calls(file, func(fn string, call *ast.CallExpr) {
			n, ok := formats[fn]
			if !ok || fn == "regexp.Compile" && name == "route/config/match.go" {
				return
			}
			looked++
			if !literal(call.Args[n]) {
				paths++
				t.Errorf("%s: %s of what is no literal", set.Position(call.Pos()), fn)
			}
		})
	})
	if looked < 300 {
		t.Errorf("%d calls: the test has lost its subject", looked)
	}
	t.Logf("S8: %d files, %d formats and patterns, code paths that evaluate data %d", files, looked, paths)
}

// literal reports whether e is text in the code, or such texts joined.
func literal(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.BinaryExpr:
		return literal(e.X) && literal(e.Y)
	case *ast.ParenExpr:
		return literal(e.X)
	case *ast.Ident:
		return e.Name == "format" // a parameter of one of formats
	}
	return false
}

// S22: nothing in the library asks for the shared temporary directory. A file that
// is made beside another, in a directory that the caller named, is none there.
func TestS22_NoTemporaryDirectory(t *testing.T) {
	asked := 0
	files := library(t, func(_ string, file *ast.File, set *token.FileSet) {
		calls(file, func(fn string, call *ast.CallExpr) {
			made := fn == "os.CreateTemp" || fn == "os.MkdirTemp"
			if lit, ok := firstLiteral(call); fn == "os.TempDir" || made && ok && lit == `""` {
				asked++
				t.Errorf("%s: %s", set.Position(call.Pos()), fn)
			}
		})
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && regexp.MustCompile("^[\"`](/tmp|/var/tmp|/dev/shm)").MatchString(lit.Value) {
				asked++
				t.Errorf("%s: %s", set.Position(lit.Pos()), lit.Value)
			}
			return true
		})
	})
	t.Logf("S22: %d files, shared temporary directories %d", files, asked)
}

func firstLiteral(call *ast.CallExpr) (string, bool) {
	if len(call.Args) == 0 {
		return "", false
	}
	lit, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return "", false
	}
	return lit.Value, true
}
