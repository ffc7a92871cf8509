package slogship_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// adapters returns the folders with a Destination.
func adapters(t *testing.T) (dirs []string) {
	t.Helper()
	files, err := filepath.Glob("transport/*/destination.go")
	if err != nil || len(files) < 9 {
		t.Fatalf("only %q: the test has lost its subject (%v)", files, err)
	}
	for _, f := range files {
		dirs = append(dirs, filepath.Dir(f))
	}
	return dirs
}

// Who has read one adapter's documentation finds the way in all others.
func TestHeadingsOfTheAdapters(t *testing.T) {
	want := []string{"Delivery", "Ordering", "Errors", "Limits", "Security"}
	for _, dir := range adapters(t) {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, "doc.go"), nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Error(err)
			continue
		}
		var got []string
		for line := range strings.Lines(f.Doc.Text()) {
			if heading, ok := strings.CutPrefix(strings.TrimSpace(line), "# "); ok && slices.Contains(want, heading) {
				got = append(got, heading)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s/doc.go has the headings %q, want %q", dir, got, want)
		}
	}
}

// A field that stands in several Destinations has one type in all of them.
func TestFieldsOfTheAdapters(t *testing.T) {
	// Of these each adapter has its own: the formats and packings that its
	// protocol knows, and what "headers" are in it.
	own := []string{"Encoder", "Format", "Framing", "Compression", "Headers", "Mode", "Protocol"}
	first := map[string]string{} // by name, the type
	where := map[string]string{} // by name, who has it so
	for _, dir := range adapters(t) {
		for name, typ := range fields(t, filepath.Join(dir, "destination.go")) {
			if slices.Contains(own, name) {
				continue
			}
			if first[name] == "" {
				first[name], where[name] = typ, dir
			}
			if first[name] != typ {
				t.Errorf("%s: %s is a %s, and a %s in %s", dir, name, typ, first[name], where[name])
			}
			if strings.HasSuffix(name, "Timeout") && typ != "time.Duration" {
				t.Errorf("%s: %s is a %s", dir, name, typ)
			}
		}
	}
	for _, common := range []string{"Addr", "URL", "TLS", "TokenFile", "ConnectTimeout", "AnswerTimeout", "WindowBytes", "MaxMessage", "Resolver"} {
		if first[common] == "" {
			t.Errorf("no adapter has a %s: the test has lost its subject", common)
		}
	}
}

// fields returns the exported fields of a file's Destination with their types.
func fields(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "Destination" {
			return true
		}
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			anonymous(field.Type)
			for _, name := range field.Names {
				if name.IsExported() {
					found[name.Name] = types.ExprString(field.Type)
				}
			}
		}
		return false
	})
	if len(found) == 0 {
		t.Errorf("%s has no Destination with fields", path)
	}
	return found
}

// anonymous removes the names of a function's parameters and results, which are
// no part of its type.
func anonymous(typ ast.Expr) {
	ast.Inspect(typ, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok {
			f.Names = nil
		}
		return true
	})
}
