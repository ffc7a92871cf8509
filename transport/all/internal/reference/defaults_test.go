package main

import (
	"fmt"
	"go/ast"
	gocst "go/constant"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/route/config"
)

// What a comment says is the default of a field is what the package's constant
// of that name says: DefaultWindow is Window's. Where there is no such constant,
// the adapter's own tests have to do.
func TestDefaultsAreTheConstants(t *testing.T) {
	elsewhere := map[string]bool{
		"grpc.MaxRecords": true, // the constant is that of ReceiverOptions, which has such a field as well
		"otlp.Timeout":    true, // a variable goes before it
	}
	m := theModel(t)
	compared := 0
	for _, d := range m.destinations {
		known := constantsIn(t, short(d.typ))
		for _, f := range d.fields {
			want, ok := known.value("Default" + f.Go)
			if !ok || elsewhere[d.name()+"."+f.Go] {
				continue
			}
			got, ok := statedValue(f.Kind, d.option(f.Key).fallback)
			if !ok || !gocst.Compare(got, token.EQL, gocst.ToInt(want)) && !gocst.Compare(got, token.EQL, want) {
				t.Errorf("%v.%s: the comment says %q, the constant %v", d.typ, f.Go, d.option(f.Key).fallback, want)
			}
			compared++
		}
	}
	if compared < 60 {
		t.Errorf("%d defaults were compared: the test has lost its subject", compared)
	}
}

var (
	statedNumber = regexp.MustCompile(`^-?[0-9][0-9,]*`)
	statedUnit   = regexp.MustCompile(`^ ?(ms|s|min|h|KiB|MiB|GiB)\b`)
)

// statedValue is the value at the beginning of a default: "8 MiB; negative: …".
func statedValue(kind config.Kind, text string) (gocst.Value, bool) {
	text = strings.TrimPrefix(text, "required")
	if kind == config.Text {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return nil, false
		}
		value, err := strconv.Unquote(quoted)
		return gocst.MakeString(value), err == nil
	}
	number := statedNumber.FindString(text)
	n, err := strconv.ParseInt(strings.TrimRight(strings.ReplaceAll(number, ",", ""), ","), 10, 64)
	if err != nil {
		return nil, false
	}
	unit := statedUnit.FindStringSubmatch(text[len(strings.TrimRight(number, ",")):])
	if unit == nil {
		return gocst.MakeInt64(n), kind != config.Duration
	}
	times := map[string]int64{
		"ms": int64(time.Millisecond), "s": int64(time.Second), "min": int64(time.Minute), "h": int64(time.Hour),
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
	}
	return gocst.MakeInt64(n * times[unit[1]]), true
}

func TestStatedValue(t *testing.T) {
	for text, want := range map[string]int64{
		"8 MiB; negative: none": 8 << 20, "1,000, which is a whole batch": 1000, "30 s": int64(30 * time.Second),
		"4 min, below": int64(4 * time.Minute), "65,507, which": 65507, "1": 1,
	} {
		kind := config.Integer
		if strings.Contains(text, " s") || strings.Contains(text, "min") {
			kind = config.Duration
		}
		if got, ok := statedValue(kind, text); !ok || !reflect.DeepEqual(got, gocst.MakeInt64(want)) {
			t.Errorf("%q: %v", text, got)
		}
	}
	if _, ok := statedValue(config.Duration, "30"); ok {
		t.Error("a duration without a unit is none")
	}
}

// constants evaluates the constants of a package, as far as they are made of
// numbers, texts, package time and other packages of this repository.
type constants struct {
	t     *testing.T
	exprs map[string]ast.Expr
	paths map[string]string // of the packages that are imported, by their names
}

func constantsIn(t *testing.T, folder string) *constants {
	t.Helper()
	c := &constants{t, map[string]ast.Expr{}, map[string]string{}}
	entries, err := os.ReadDir(filepath.Join(root, folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, folder, e.Name()), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		c.add(file)
	}
	return c
}

func (c *constants) add(file *ast.File) {
	for _, i := range file.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		c.paths[path[strings.LastIndexByte(path, '/')+1:]] = path
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == len(spec.Names) {
			for i, name := range spec.Names {
				c.exprs[name.Name] = spec.Values[i]
			}
		}
		_, isFunc := n.(*ast.FuncDecl)
		return !isFunc
	})
}

func (c *constants) value(name string) (gocst.Value, bool) {
	expr, ok := c.exprs[name]
	if !ok {
		return nil, false
	}
	return c.eval(expr)
}

func (c *constants) eval(expr ast.Expr) (gocst.Value, bool) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		v := gocst.MakeFromLiteral(e.Value, e.Kind, 0)
		return v, v.Kind() != gocst.Unknown
	case *ast.ParenExpr:
		return c.eval(e.X)
	case *ast.Ident:
		return c.value(e.Name)
	case *ast.SelectorExpr:
		return c.selector(fmt.Sprint(e.X), e.Sel.Name)
	case *ast.BinaryExpr:
		x, ok := c.eval(e.X)
		y, ok2 := c.eval(e.Y)
		if !ok || !ok2 {
			return nil, false
		}
		if e.Op == token.SHL {
			n, _ := gocst.Uint64Val(y)
			return gocst.Shift(x, token.SHL, uint(n)), true
		}
		return gocst.BinaryOp(x, e.Op, y), true
	default:
		return nil, false
	}
}

func (c *constants) selector(pkg, name string) (gocst.Value, bool) {
	units := map[string]time.Duration{
		"Nanosecond": 1, "Microsecond": time.Microsecond, "Millisecond": time.Millisecond, "Second": time.Second, "Minute": time.Minute, "Hour": time.Hour,
	}
	if unit, ok := units[name]; ok && pkg == "time" {
		return gocst.MakeInt64(int64(unit)), true
	}
	folder, ok := strings.CutPrefix(c.paths[pkg], module+"/")
	if !ok {
		return nil, false
	}
	return constantsIn(c.t, folder).value(name)
}
