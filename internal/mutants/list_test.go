package main

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// The list follows the code: each old text is there exactly once, what it turns
// into is Go, and the tests that are named exist. Whether they fail is for the
// program to say: it takes minutes.
func TestListApplies(t *testing.T) {
	if len(list) < 24 {
		t.Errorf("%d mutants, the plan asks for 24", len(list))
	}
	named := map[string]bool{}
	for _, m := range list {
		t.Run(m.name, func(t *testing.T) {
			if named[m.name] || !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(m.name) {
				t.Error("its name is taken, or no file's name")
			}
			named[m.name] = true
			source, err := os.ReadFile(filepath.Join(root, m.file))
			if err != nil {
				t.Fatal(err)
			}
			broken, err := m.apply(string(source))
			if err != nil {
				t.Fatal(err)
			}
			if broken == string(source) {
				t.Error("it changes nothing")
			}
			if _, err := parser.ParseFile(token.NewFileSet(), m.file, broken, parser.SkipObjectResolution); err != nil {
				t.Errorf("broken in another way than meant: %v", err)
			}
			run, _, _ := strings.Cut(m.run, "/")
			for _, name := range strings.Split(run, "|") {
				if pkg := path.Dir(m.file); !testsOf(t, pkg)[name] {
					t.Errorf("%s has no test %q", pkg, name)
				}
			}
		})
	}
}

// testsOf returns the tests of a package, whatever their build tags.
func testsOf(t *testing.T, pkg string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				found[fn.Name.Name] = true
			}
		}
	}
	return found
}

func TestApply(t *testing.T) {
	m := mutant{name: "m", file: "f.go", old: "a+b", new: "a-b"}
	if got, err := m.apply("return a+b"); got != "return a-b" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, source := range []string{"return a + b", "a+b, a+b", ""} {
		if _, err := m.apply(source); !errors.Is(err, errStale) {
			t.Errorf("%q: %v", source, err)
		}
	}
}

func TestBy(t *testing.T) {
	for run, want := range map[string]string{
		"TestA":       "^(TestA)$",
		"TestA|TestB": "^(TestA|TestB)$",
		"TestA/b/c":   "^(TestA)$/b/c",
	} {
		m := mutant{file: "a/b/c.go", run: run, tags: "t"}
		if got := m.by(); got != (tests{"a/b", want, "t"}) {
			t.Errorf("%+v", got)
		}
	}
}

func TestChoose(t *testing.T) {
	if all, err := choose(nil); err != nil || len(all) != len(list) {
		t.Errorf("%d of %d, %v", len(all), len(list), err)
	}
	if one, err := choose([]string{list[3].name}); err != nil || len(one) != 1 || one[0].name != list[3].name {
		t.Errorf("%v, %v", one, err)
	}
	if _, err := choose([]string{"no-such-bug"}); !errors.Is(err, errUnknown) {
		t.Error(err)
	}
}
