package migrating

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// guide is where the quotes stand.
const guide = "../../handler/MIGRATING.md"

// quotes are what this package's files offer, by name.
func quotes(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?s)\n// quote: ([a-z]+)\n(.*?)\n// end quote\n`).FindAllStringSubmatch(string(text), -1) {
			if found[m[1]] != "" {
				t.Errorf("two quotes are called %q", m[1])
			}
			found[m[1]] = strings.TrimSpace(m[2])
		}
	}
	return found
}

// The guide's code behind a line "<!-- compiled: name -->" is this package's, and
// each quote is in the guide.
func TestQuotes(t *testing.T) {
	offered := quotes(t)
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	shown := make(map[string]bool)
	for _, m := range regexp.MustCompile("(?s)<!-- compiled: ([a-z]+) -->\n```go\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		shown[m[1]] = true
		if want := offered[m[1]]; strings.TrimSpace(m[2]) != want {
			t.Errorf("the guide's %q is not what %s.go has:\n%s", m[1], m[1], want)
		}
	}
	for name := range offered {
		if !shown[name] {
			t.Errorf("the guide does not show %q", name)
		}
	}
	if len(shown) < 7 {
		t.Errorf("only %d quotes: the test has lost its subject", len(shown))
	}
}
