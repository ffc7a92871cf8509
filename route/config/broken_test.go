package config_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/slogship/slogship/route/config"
)

var update = flag.Bool("update", false, "write testdata/broken/*.txt anew")

// canary is what no error may hold.
const canary = "canary-s3cr3t"

// brokenVariables are what the files of testdata/broken may refer to.
func brokenVariables(name string) (string, bool) {
	return environment("EMPTY=", "SECRET="+canary, "TOKEN="+canary, "BAD_URL=picky://shop:"+canary+"@mq:port/t?"+canary+"=1",
		"HOST_AND_MORE="+canary+"/path@evil?x=1")(name)
}

// load returns everything that is wrong with a file, in all its environments.
func load(name string, text []byte, lookup func(string) (string, bool)) (errs config.Errors, ok bool) {
	c, err := config.Parse(name, text, &config.Options{Schemes: schemes(), Lookup: lookup})
	if err != nil {
		return errs, errors.As(err, &errs)
	}
	environments := c.Environments()
	if len(environments) == 0 {
		environments = []string{"any"}
	}
	for _, env := range environments {
		if _, err := c.Routes(env); err != nil {
			var more config.Errors
			if !errors.As(err, &more) {
				return nil, false
			}
			errs = append(errs, more...)
		}
	}
	return errs, len(errs) > 0
}

// Every way to be wrong that somebody has thought of, with what is said about it.
// The texts are for people to read and to judge, so here, and nowhere else, a
// test compares what errors say: -update writes them anew.
func TestBroken(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.[yj]*")
	if err != nil || len(files) < 200 {
		t.Fatal(len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) { broken(t, path) })
	}
}

func broken(t *testing.T, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	errs, ok := load(filepath.Base(path), text, brokenVariables)
	if !ok {
		t.Fatalf("it loads, or has another type of error: %v", errs)
	}
	for i, e := range errs {
		checkError(t, e, filepath.Base(path), len(text))
		if i > 0 && e.Line < errs[i-1].Line {
			t.Errorf("line %d comes after line %d", e.Line, errs[i-1].Line)
		}
	}
	golden := strings.TrimSuffix(path, filepath.Ext(path)) + ".txt"
	got := shortLists(errs.Error()) + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != strings.ReplaceAll(string(want), "\r\n", "\n") {
		t.Errorf("it says\n%swant\n%s(%v; -update writes it)", got, want, err)
	}
}

// shortLists leaves the first three of a list of more than eight: keys come with
// every version, and these files are not about them.
func shortLists(text string) string {
	return regexp.MustCompile(`((?:want|one of) (?:one of )?[^ ,;\n]+, [^ ,;\n]+, [^ ,;\n]+)(?:, [^ ,;\n]+){6,}`).ReplaceAllString(text, "$1, …")
}

// checkError checks what must be true of every error.
func checkError(t *testing.T, e *config.Error, file string, size int) {
	t.Helper()
	if e.File != file || size > 0 && (e.Line < 1 || e.Column < 1) && !errors.Is(e, config.ErrRequired) && !errors.Is(e, config.ErrSyntax) {
		t.Errorf("place %q:%d:%d", e.File, e.Line, e.Column)
	}
	known := false
	for _, sentinel := range []error{
		config.ErrSyntax, config.ErrUnknownKey, config.ErrDuplicate, config.ErrRequired, config.ErrValue, config.ErrVariable,
		config.ErrCycle, config.ErrLimit,
	} {
		known = known || errors.Is(e, sentinel)
	}
	if !known {
		t.Errorf("%v is of no known kind", e)
	}
	if strings.Contains(strings.ToLower(e.Error()+e.Value+e.Key+e.Allowed+e.Near), "s3cr3t") {
		t.Errorf("it shows a secret: %v", e)
	}
	if strings.ContainsAny(e.Error(), "\n\r\x1b") {
		t.Errorf("more than a line: %q", e.Error())
	}
}
