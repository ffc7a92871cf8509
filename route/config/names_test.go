package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/slogship/slogship/route/config"
)

// S21: a file can't name a route, or the one for its dead letters, by what leads
// out of the directory, or is another's on some system. What is refused is
// refused before anything is opened.
func TestS21_NamesInAFile(t *testing.T) {
	names := []string{
		".", "..", "../x", "/abs", "a/b", `..\x`, `C:\x`, "a\x00b", "A", "Logs", "con", "nul", "com1", "lpt9", "a.", "a ", ".hidden", "a:stream", "~",
		"$HOME", "${HOME}", "${file:/etc/passwd}", "%2e%2e", "a\n", "\u202ea", "é", "dead.ndjson", strings.Repeat("a", 65), strings.Repeat("a", 300),
	}
	opts := &config.Options{Schemes: schemes(), Lookup: environment("HOME=../x")}
	tried, refused := 0, 0
	for _, name := range names {
		quoted, err := json.Marshal(name) // which is YAML as well
		if err != nil {
			t.Fatal(err)
		}
		for what, text := range map[string]string{
			"name":        "logging: {routes: [{name: " + string(quoted) + ", output: stdout}]}",
			"dead_letter": "logging: {routes: [{name: a, output: 'tcp://h:1', dead_letter: " + string(quoted) + "}]}",
		} {
			tried++
			c, err := config.Parse("f.yaml", []byte(text), opts)
			if err == nil {
				_, err = c.Routes("production")
			}
			if err == nil {
				t.Errorf("%s: %q is accepted", what, name)
			} else {
				refused++
			}
		}
	}
	// And the same with names that are none of these.
	c := parse(t, "logging: {routes: [{name: a, output: 'tcp://h:1', dead_letter: con1}, {name: con1, output: 'tcp://h:2'}]}")
	if routes, err := c.Routes("production"); err != nil || len(routes) != 2 || routes[0].DeadLetter != "con1" {
		t.Errorf("%d routes, %v", len(routes), err)
	}
	t.Logf("S21: %d of %d names in a file refused", refused, tried)
}
