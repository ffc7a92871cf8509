package slogship_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testName is a test in a document: `pkg.TestName`, or `TestName` behind one
// that said the package. A star stands for any rest.
var testName = regexp.MustCompile("`(?:(\\w+)\\.)?((?:Test|Fuzz)\\w+)(\\*?)`")

// testsInTree returns all tests and fuzz targets as "pkg.TestName", by the last
// element of the package's path.
func testsInTree(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg := path.Base(path.Dir(filepath.ToSlash(name)))
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
				found[pkg+"."+fn.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// namedIn returns the tests that one line of a document names.
func namedIn(line string) (names []string) {
	pkg := ""
	for _, m := range testName.FindAllStringSubmatch(line, -1) {
		if m[1] != "" {
			pkg = m[1]
		}
		names = append(names, pkg+"."+m[2]+m[3])
	}
	return names
}

// has reports whether a test of this name, or of this beginning, exists.
func has(tests map[string]bool, name string) bool {
	start, star := strings.CutSuffix(name, "*")
	if !star {
		return tests[name]
	}
	for t := range tests {
		if strings.HasPrefix(t, start) {
			return true
		}
	}
	return false
}

// rows returns the rows of a document's tables by their first cell.
func rows(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		if cells := strings.Split(line, "|"); len(cells) > 3 {
			found[strings.TrimSpace(cells[1])] = line
		}
	}
	return found
}

// T48: every incident of the list has a test, and the test exists.
func TestIncidents(t *testing.T) {
	tests, lines := testsInTree(t), rows(t, "handler/INCIDENTS.md")
	want := []string{"CVE-2025-12972", "CVE-2025-12977", "CVE-2026-39882"}
	for i := range 64 {
		want = append(want, fmt.Sprintf("I%d", i+1))
	}
	for _, number := range want {
		if len(namedIn(lines[number])) == 0 {
			t.Errorf("%s: no test", number)
		}
		for _, name := range namedIn(lines[number]) {
			if !has(tests, name) {
				t.Errorf("%s: there is no test %s", number, name)
			}
		}
	}
}

// The same for what is promised.
func TestGuaranteesNameTests(t *testing.T) {
	tests, named := testsInTree(t), 0
	for promise, line := range rows(t, "handler/GUARANTEES.md") {
		for _, name := range namedIn(line) {
			if named++; !has(tests, name) {
				t.Errorf("%s: there is no test %s", promise, name)
			}
		}
	}
	if named < 20 {
		t.Errorf("%d tests named: the test has lost its subject", named)
	}
}

// The judgement of the two above, as it passes if it never objects.
func TestNamedTests(t *testing.T) {
	tests := map[string]bool{"buffer.TestKill": true, "tcp.TestKilled": true}
	line := "| x | `buffer.TestKill` (nightly), `TestGone`, `tcp.TestK*`, `tcp.TestX*`, TestProse |"
	names := namedIn(line)
	want := []bool{true, false, true, false}
	if len(names) != len(want) {
		t.Fatalf("%q", names)
	}
	for i, name := range names {
		if has(tests, name) != want[i] {
			t.Errorf("%q: %v", name, !want[i])
		}
	}
}
