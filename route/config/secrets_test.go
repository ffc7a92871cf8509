package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/route/config"
)

// scalars returns all values of a tree, keys not among them.
func scalars(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.ScalarNode {
		return []*yaml.Node{n}
	}
	var all []*yaml.Node
	for i, child := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			all = append(all, scalars(child)...)
		}
	}
	return all
}

// hidden fails if any way to print err shows the canary. It reports whether there
// was one to print.
func hidden(t *testing.T, what string, err error) bool {
	t.Helper()
	if err == nil {
		return false
	}
	shown := fmt.Sprintf("%v %+v %#v %s %q", err, err, err, err, err)
	if errs, ok := errors.AsType[config.Errors](err); ok {
		for _, e := range errs {
			shown += fmt.Sprintf("%v %+v %#v %v", e, *e, *e, e.Err)
		}
	}
	text, _ := json.Marshal(err)
	if shown += string(text); strings.Contains(shown, "s3cr3t") {
		t.Errorf("%s: it shows a secret: %s", what, shown)
	}
	return true
}

// S10: a canary in the place of every value, one at a time: as a variable, as a
// file, within a longer value, and in a URL. No error has it in any form, whether
// Parse, Routes or, for files, Open returns it.
func TestS10_SecretsInNoError(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir) // where the value in the place of buffer.dir makes directories
	text := strings.ReplaceAll(full, "/var/lib/shop", filepath.ToSlash(filepath.Join(dir, "state")))
	text = strings.ReplaceAll(text, "/tmp/debug.json", filepath.ToSlash(filepath.Join(dir, "debug.json")))
	secret := filepath.ToSlash(filepath.Join(dir, "secret"))
	if err := os.WriteFile(secret, []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	failures := 0
	// By default each place gets three of the forms, all in the nightly run.
	every := 3
	if os.Getenv("SLOGSHIP_NIGHTLY") == "1" {
		every = 1
	}
	for number, form := range []string{
		"${SECRET}", "x${SECRET} y", "${file:" + secret + "}", "picky://u:" + canary + "@h:port/t?a=" + canary,
		"picky://u:${SECRET}@h:port/t?a=${SECRET}", "picky://u:" + canary + "@h/refused", "nothing://" + canary + "@h/#" + canary,
		"picky://h?tls=${SECRET}&count=${SECRET}&nothing=${SECRET}",
	} {
		for i := 0; ; i++ {
			var doc yaml.Node
			if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
				t.Fatal(err)
			}
			all := scalars(&doc)
			if i == len(all) {
				break
			}
			if (i+number)%every != 0 {
				continue
			}
			what := fmt.Sprintf("%s in the place of %q, line %d", form, all[i].Value, all[i].Line)
			*all[i] = yaml.Node{Kind: yaml.ScalarNode, Value: form}
			text, err := yaml.Marshal(&doc)
			if err != nil {
				t.Fatal(err)
			}
			if printErrors(t, what, text) {
				failures++
			}
		}
	}
	if failures < 500/every {
		t.Errorf("only %d of them were errors", failures)
	}
}

func printErrors(t *testing.T, what string, text []byte) (failed bool) {
	c, err := config.Parse("f", text, &config.Options{
		Schemes: schemes(), OnNotice: func(string) {},
		Lookup: environment("SECRET="+canary, "COLLECTOR=logs:5170"),
	})
	if hidden(t, what, err) {
		return true
	}
	for _, env := range append(c.Environments(), "none") {
		_, err := c.Routes(env)
		failed = hidden(t, what, err) || failed
		// What a destination says of a variable's value is its own; not so of a
		// file's content.
		if err == nil && strings.Contains(what, "${file:") {
			h, err := c.Open(env)
			failed = hidden(t, what, err) || failed
			if err == nil {
				_ = h.Close(t.Context())
			}
		}
	}
	return failed
}

// Keys that look like credentials hide what stands there as it is, also where a
// mapping has keys of its own.
func TestLiteralCredentials(t *testing.T) {
	for _, text := range []string{
		"{type: picky, password: {a: " + canary + "}}",
		"{type: picky, password: [" + canary + "]}",
		"{type: picky, headers: " + canary + "}",
		"{type: picky, headers: {X-Api_Key: [" + canary + "]}}",
		"{type: picky, arguments: {password: [" + canary + "]}, count: x}",
		"picky://h?headers=" + canary,
		"picky://h?api_key=" + canary,
		canary + "@h:5672",
		"picky://h/" + strings.ReplaceAll(canary, "-", "") + strings.ReplaceAll(canary, "-", "") + ":x@/",
	} {
		if !printErrors(t, text, []byte("logging:\n  routes:\n    - output: "+text+"\n")) && !strings.Contains(text, "/canary") {
			t.Errorf("%s: no error", text)
		}
	}
}
