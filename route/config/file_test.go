package config_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/tcp"
)

// Aliases and merges, also of several mappings and of one that merges itself; a
// mapping's own keys go before merged ones, and earlier ones before later.
func TestMerges(t *testing.T) {
	c := parse(t, `
x-tls: &tls {tls: {ca_file: /ca}}
x-fast: &fast {<<: *tls, type: tcp, nagle: false, write_timeout: 1s}
x-slow: &slow {write_timeout: 9s, connect_timeout: 9s}
logging:
  routes:
    - &main {name: a, output: {<<: *fast, addr: "a:1"}, levels: WARN}
    - {<<: *main, name: b, output: {<<: [*fast, *slow], addr: "b:1", nagle: true}}
    - {<<: *main, name: c}
`)
	routes, err := c.Routes("any")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range routes {
		d := r.To.(tcp.Destination)
		got = append(got, fmt.Sprintf("%s %v %s %v %v %v %s", r.Name, r.Levels, d.Addr, d.Nagle, d.WriteTimeout, d.ConnectTimeout, d.TLS.CAFile))
	}
	if want := "a WARN a:1 false 1s 0s /ca; b WARN b:1 true 1s 9s /ca; c WARN a:1 false 1s 0s /ca"; strings.Join(got, "; ") != want {
		t.Errorf("%q", got)
	}
}

// A key in quotes is that key, also where YAML has one for itself.
func TestQuotedMerge(t *testing.T) {
	routes, err := parse(t, `{"logging": {"routes": [{"output": "stdout", "match": {"<<": "x"}}]}}`).Routes("any")
	if err != nil || fmt.Sprint(routes[0].Match) != `<< = "x"` {
		t.Error(routes, err)
	}
}

// One for a list, a list in one text, and what a variable holds as a list.
func TestLists(t *testing.T) {
	schemes := schemes()
	schemes["hosts"] = config.SchemeOf[hosts](nil)
	for text, want := range map[string]string{
		"[a, b]": "[a b]", "a": "[a]", "a, b": "[a b]", "${HOSTS}": "[x y]", "[\"${HOSTS}\", z]": "[x,y z]", "[]": "[]", "$${A}, b": "[${A} b]",
	} {
		c, err := config.Parse("f", []byte("logging:\n  routes:\n    - output:\n        type: hosts\n        hosts: "+text+"\n"),
			&config.Options{Schemes: schemes, Lookup: environment("HOSTS=x,y")})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		routes, err := c.Routes("any")
		if err != nil || fmt.Sprint(routes[0].To.(hosts).Hosts) != want {
			t.Errorf("%s: %v %v, want %s", text, routes, err, want)
		}
	}
}

type hosts struct{ Hosts []string }

func (hosts) Open() (transport.Transport, error) { return nil, errors.New("hosts: not to be opened") }

// Characters that JSON writes as escapes, which YAML's reader would refuse.
func TestJSONEscapes(t *testing.T) {
	c := parse(t, "  {\"logging\": {\"resource\": {\"service\": \"\\ud83d\\ude00 \\/ \\u00e9\"}, \"routes\": [\r\n\t{\"output\": \"stdout\"}]}}")
	if got := c.HandlerOptions().Resource.Service; got != "😀 / é" {
		t.Errorf("%q", got)
	}
}

func TestEmbedded(t *testing.T) {
	const text = "server: {port: 80, port2: [1, 2]}\nlogging: {routes: [{output: stdout}]}\n"
	if _, err := config.Parse("f", []byte(text), &config.Options{Schemes: schemes(), Embedded: true}); err != nil {
		t.Error(err)
	}
	if _, err := config.Parse("f", []byte(text), &config.Options{Schemes: schemes()}); !errors.Is(err, config.ErrUnknownKey) {
		t.Error(err)
	}
}

// What a watcher needs.
func TestReread(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.yaml")
	text := "logging:\n  routes:\n    - output: picky://u:${file:/b}@h/${file:/a}\n    - {name: x, environment: p, output: \"picky://${file:/a}\"}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, &config.Options{Schemes: schemes()})
	if err != nil {
		t.Fatal(err)
	}
	if c.File() != path || c.Digest() != sha256.Sum256([]byte(text)) || !reflect.DeepEqual(c.Files(), []string{"/a", "/b"}) {
		t.Error(c.File(), c.Digest(), c.Files())
	}
	again, err := c.Reread()
	if err != nil || again == c || again.Digest() != c.Digest() {
		t.Error(again, err)
	}
}

// A program that forgot its schemes is told so, and not that stdout is wrong.
func TestWithoutSchemes(t *testing.T) {
	_, err := config.Parse("f", []byte("logging: {routes: [{output: stdout}]}"), nil)
	e, ok := errors.AsType[*config.Error](err)
	if !ok || !strings.Contains(e.Allowed, "Options.Schemes") {
		t.Errorf("%v", err)
	}
}

// The bounds of a file, of its secrets and of its references.
func TestLimits(t *testing.T) {
	const head = "logging: {routes: [{output: stdout}]}\n#"
	options := &config.Options{Schemes: schemes()}
	for size, want := range map[int]error{1 << 20: nil, 1<<20 + 1: config.ErrLimit} {
		text := head + strings.Repeat("x", size-len(head))
		if _, err := config.Parse("f", []byte(text), options); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v", size, err)
		}
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(path, options); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if _, err := config.Load(filepath.Join(t.TempDir(), "none"), options); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	for size, want := range map[int]error{64 << 10: nil, 64<<10 + 1: config.ErrVariable} {
		path := filepath.ToSlash(filepath.Join(t.TempDir(), "secret"))
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := parse(t, "logging: {routes: [{output: {type: picky, password: '${file:"+path+"}'}}]}").Routes("any")
		if !errors.Is(err, want) {
			t.Errorf("secret of %d bytes: %v", size, err)
		}
	}
	for n, want := range map[int]error{100: nil, 101: config.ErrValue} {
		text := "logging: {resource: {service: '" + strings.Repeat("${A:a}", n) + "'}, routes: [{output: stdout}]}"
		if _, err := config.Parse("f", []byte(text), options); !errors.Is(err, want) {
			t.Errorf("%d references: %v", n, err)
		}
	}
}

// Nothing is shared between what is returned twice.
func TestCopies(t *testing.T) {
	c := parse(t, "logging: {level: WARN, rename: {a: b}, routes: [{name: b, output: stdout}]}")
	one, two := c.HandlerOptions(), c.HandlerOptions()
	if err := one.Levels.Set("ERROR"); err != nil || two.Levels.String() != "WARN" {
		t.Error("levels are shared", err)
	}
	one.Rename["x"] = "y"
	c.Notices()[0] = "changed"
	if len(two.Rename) != 1 || len(c.Renames) != 1 || c.Notices()[0] == "changed" {
		t.Error(two.Rename, c.Renames, c.Notices())
	}
}

// The pieces that make a reference page or a schema.
func TestReflection(t *testing.T) {
	s := schemes()["syslog+tls"]
	if s.Default() == nil || !s.HasURL() || s.Type().Name() != "Destination" || config.SchemeOf[https.Destination](nil).HasURL() {
		t.Error(s)
	}
	keys := func(fields []config.Field) string {
		var keys []string
		for _, f := range fields {
			if f.Kind != config.Unreachable {
				keys = append(keys, f.Key)
			} else if f.Why == "" {
				t.Errorf("%s: nobody says why it can't be reached", f.Go)
			}
		}
		return " " + strings.Join(keys, " ") + " "
	}
	for all, want := range map[string]string{
		keys(config.RouteFields()):         "name output levels match dead_letter debug_on_error fields",
		keys(config.OptionFields()):        "resource add_source stack_from crash_reports",
		keys(config.BufferFields()):        "dir max_disk min_free",
		keys(config.EnvironmentFields()):   "inherits without abstract",
		keys(config.EncoderFields("json")): "keys level time duration errors bytes max_bytes",
	} {
		for key := range strings.FieldsSeq(want) {
			if !strings.Contains(all, " "+key+" ") {
				t.Errorf("%s is not in%s", key, all)
			}
		}
	}
	// What a file says by other keys, or can't say.
	for _, key := range []string{"rename", "levels", "dir", "in_memory", "next", "on_error", "trace", "keys"} {
		if strings.Contains(keys(config.OptionFields()), " "+key+" ") {
			t.Errorf("%s is among the options", key)
		}
	}
	if config.Size.String() != "size" || config.Match.String() != "match" || config.Kind(99).String() != "Kind(99)" {
		t.Error(config.Size, config.Match)
	}
}
