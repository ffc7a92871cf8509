package handler_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	packageLine = regexp.MustCompile(`(?m)^package (\w+?)(_test)?\s*$`)
	testLine    = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)\w*)\(`)
	quoted      = regexp.MustCompile("`([^`]+)`")
	testName    = regexp.MustCompile(`^(\w+\.)?(Test|Fuzz|Benchmark|Example)\w*`)
)

// TestGuarantees holds GUARANTEES.md to what is there: every test that it names
// exists, in the package it says, and every row of the README's table of losses
// has one of its own. A promise whose test was renamed is held by nothing.
func TestGuarantees(t *testing.T) {
	page, err := os.ReadFile("GUARANTEES.md")
	if err != nil {
		t.Fatal(err)
	}
	there, named := testsBelow(t, ".."), 0
	for _, m := range quoted.FindAllStringSubmatch(string(page), -1) {
		if !testName.MatchString(m[1]) {
			continue
		}
		if named++; !there[m[1]] {
			t.Errorf("there is no %s (want package.Name)", m[1])
		}
	}
	if named < 50 {
		t.Errorf("only %d tests were found on the page", named)
	}
	for _, promise := range losses(t) {
		if !strings.Contains(string(page), "\n| "+promise+" |") {
			t.Errorf("the README's row %q is missing", promise)
		}
	}
}

// testsBelow returns the tests of all packages below dir, as package.Name.
func testsBelow(t *testing.T, dir string) map[string]bool {
	names := make(map[string]bool)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		in := packageLine.FindSubmatch(source)
		if in == nil {
			t.Errorf("%s has no package", path)
			return nil
		}
		for _, m := range testLine.FindAllSubmatch(source, -1) {
			names[string(in[1])+"."+string(m[1])] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// losses returns the first column of the README's table of what can be lost.
func losses(t *testing.T) (promises []string) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## What can be lost\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, " | "); len(cells) == 2 && !strings.HasPrefix(line, "| a record that") {
			promises = append(promises, strings.TrimPrefix(cells[0], "| "))
		}
	}
	if len(promises) < 9 {
		t.Errorf("%d rows in the README's table", len(promises))
	}
	return promises
}
