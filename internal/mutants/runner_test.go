package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// toyModule is a module with two functions, of which one is tested well.
func toyModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module toy\n\ngo 1.26\n",
		"toy/toy.go": `package toy

func Sum(a, b int) int { return a + b }

func Twice(a int) int { return 2 * a }
`,
		"toy/toy_test.go": `package toy

import "testing"

func TestSum(t *testing.T) {
	if Sum(1, 2) != 3 {
		t.Error("wrong")
	}
}

func TestTwice(t *testing.T) {
	if Twice(0) != 0 {
		t.Error("wrong")
	}
}

func TestSick(t *testing.T) { t.Error("always") }

func TestHangs(t *testing.T) {
	if Sum(1, 2) != 3 {
		select {}
	}
}
`,
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func toyRunner(t *testing.T, out *strings.Builder) *runner {
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "")
	return newRunner(toyModule(t), t.TempDir(), 5*time.Second, out)
}

func toy(name, old, new, run string) mutant {
	return mutant{name: name, file: "toy/toy.go", old: old, new: new, run: run}
}

// A tested bug is killed, an untested one survives, and what proves nothing is
// neither: a mutant that does not apply or compile, tests that fail anyway or
// are not there. The tree stays as it was.
func TestVerdicts(t *testing.T) {
	var out strings.Builder
	r := toyRunner(t, &out)
	before, _ := os.ReadFile(filepath.Join(r.root, "toy/toy.go"))
	for _, c := range []struct {
		m      mutant
		killed bool
		by     string
		err    error
	}{
		{toy("killed", "a + b", "a - b", "TestSum"), true, "TestSum", nil},
		{toy("survives", "2 * a", "3 * a", "TestTwice"), false, "", nil},
		{toy("stale", "a / b", "a - b", "TestSum"), false, "", errStale},
		{toy("not-go", "a + b", "a + c", "TestSum"), false, "", errBuild},
		{toy("sick", "a + b", "a - b", "TestSick"), false, "", errSound},
		{toy("no-test", "a + b", "a - b", "TestNone"), false, "", errNone},
	} {
		v, err := r.one(context.Background(), &c.m)
		if v.killed != c.killed || v.by != c.by || !errors.Is(err, c.err) {
			t.Errorf("%s: %+v, %v", c.m.name, v, err)
		}
	}
	if after, _ := os.ReadFile(filepath.Join(r.root, "toy/toy.go")); string(after) != string(before) {
		t.Error("the source was changed")
	}
}

// A mutant that hangs its test is killed, too, by the test's own timeout.
func TestHangingMutant(t *testing.T) {
	var out strings.Builder
	r := toyRunner(t, &out)
	r.timeout = time.Second
	m := toy("hangs", "a + b", "a - b", "TestHangs")
	if v, err := r.one(context.Background(), &m); !v.killed || v.by != "timeout" || err != nil {
		t.Errorf("%+v, %v", v, err)
	}
}

// The last line and the result count survivors and broken ones alike as not
// killed.
func TestAll(t *testing.T) {
	var out strings.Builder
	r := toyRunner(t, &out)
	killed, survives := toy("k", "a + b", "a - b", "TestSum"), toy("s", "2 * a", "3 * a", "TestTwice")
	if !r.all(context.Background(), []mutant{killed}) {
		t.Error("one mutant, killed, and the result is bad")
	}
	if r.all(context.Background(), []mutant{killed, survives}) {
		t.Error("one survives, and the result is good")
	}
	if r.all(context.Background(), []mutant{toy("b", "a / b", "", "TestSum")}) {
		t.Error("one is broken, and the result is good")
	}
	for _, want := range []string{"\nmutants: 1, killed 1\n", "\nmutants: 2, killed 1\n", "\nmutants: 1, killed 0\n", "SURVIVED  s ", "BROKEN    b: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

func TestCulprit(t *testing.T) {
	for out, want := range map[string]string{
		"=== RUN TestA\n--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/b (0.00s)\nFAIL\n": "TestA",
		"panic: test timed out after 1s\n--- FAIL: TestA (1.00s)\n":                     "timeout",
		"panic: runtime error: index out of range\n\ngoroutine 1":                       "panic: runtime error: index out of range",
		"fatal error: fault\n[signal SIGBUS]":                                           "fatal error: fault",
		"":                                                                              "the process died",
	} {
		if got := culprit([]byte(out)); got != want {
			t.Errorf("%q: %q, want %q", out, got, want)
		}
	}
}
