package slogship_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What a library reads from the environment, its caller cannot see, change or
// test. So it is read through a lookup function that is handed in and defaults
// to os.LookupEnv: that name may stand as a value, but nothing is called.
// Programs and what only tests run are free.
func TestEnvironmentIsHandedIn(t *testing.T) {
	free := []string{"examples", "internal/interop", "internal/benchmarks", "internal/mutants", "internal/testkit", "transport/transporttest", "internal/buffer/crashpoint_on.go"}
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch slash := filepath.ToSlash(path); {
		case err != nil:
			return err
		case d.IsDir() && (slices.Contains(free, slash) || d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.'):
			return filepath.SkipDir
		case d.IsDir(), slices.Contains(free, slash), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files++
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && readsEnvironment(call.Fun) {
				t.Errorf("%s reads the environment by itself", fset.Position(call.Pos()))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Errorf("only %d files were found", files)
	}
}

// readsEnvironment reports whether f is one of package os's functions that look
// at the environment.
func readsEnvironment(f ast.Expr) bool {
	sel, ok := f.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "os" && slices.Contains([]string{
		"Getenv", "LookupEnv", "Environ", "ExpandEnv", "UserHomeDir", "UserConfigDir", "UserCacheDir", "TempDir",
	}, sel.Sel.Name)
}
