package slogship_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// securityTest is a test of an item of the security list.
var securityTest = regexp.MustCompile(`\.TestS([0-9]+)_\w+$`)

// Every item of the security list has a row with a test that exists and a figure,
// and every test that is named after an item is in that item's row.
func TestSecurityTable(t *testing.T) {
	tests, table := map[string]bool{}, map[string]string{}
	for name := range testsInTree(t) {
		tests[strings.Replace(name, "..", "slogship.", 1)] = true // the root's package
	}
	for cell, line := range rows(t, "SECURITY.md") {
		if item, _, _ := strings.Cut(cell, " "); regexp.MustCompile(`^S[0-9]+$`).MatchString(item) {
			table[item] = line
		}
	}
	for i := range 34 {
		item := fmt.Sprintf("S%d", i+1)
		if cells := strings.Split(table[item], "|"); len(cells) != 6 || !strings.ContainsAny(cells[3], "0123456789") {
			t.Errorf("%s: its row is %q, want an item, tests, a figure and a note", item, table[item])
		}
		if len(namedIn(table[item])) == 0 {
			t.Errorf("%s: no test", item)
		}
		for _, name := range namedIn(table[item]) {
			if !has(tests, name) {
				t.Errorf("%s: there is no test %s", item, name)
			}
		}
	}
	found := 0
	for name := range tests {
		if m := securityTest.FindStringSubmatch(name); m != nil {
			found++
			if !listed(namedIn(table["S"+m[1]]), name) {
				t.Errorf("%s is not in the row of S%s", name, m[1])
			}
		}
	}
	if found < 100 {
		t.Errorf("%d tests: the test has lost its subject", found)
	}
}

// listed reports whether names have name, or its beginning and a star.
func listed(names []string, name string) bool {
	for _, n := range names {
		if start, star := strings.CutSuffix(n, "*"); n == name || star && strings.HasPrefix(name, start) {
			return true
		}
	}
	return false
}

// The judgement of the test above, as it passes if it never objects.
func TestSecurityTableJudgement(t *testing.T) {
	names := namedIn("| S1 | `encode.TestS1_*`, `tcp.TestS1_One` | 1 | |")
	for name, want := range map[string]bool{"encode.TestS1_X": true, "tcp.TestS1_One": true, "tcp.TestS1_Two": false, "udp.TestS1_X": false, "encode.TestS11_X": false} {
		if listed(names, name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
