package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/all"
	"github.com/slogship/slogship/transport/all/internal/leaves"
)

// root is the repository, from here.
const root = "../../../.."

func theModel(t *testing.T) *model {
	t.Helper()
	m, err := newModel(root, all.Schemes())
	if err != nil {
		t.Fatalf("%v\n(each option's default has to be in its comment)", err)
	}
	return m
}

func committed(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "route", "config", name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
}

// What is committed is what the comments and types say now.
func TestFresh(t *testing.T) {
	m := theModel(t)
	schema, err := m.schema()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"REFERENCE.md": []byte(m.page()), "schema.json": schema} {
		if got := committed(t, name); !bytes.Equal(got, want) {
			at := 0
			for at < min(len(got), len(want)) && got[at] == want[at] {
				at++
			}
			t.Errorf("route/config/%s is stale: run go generate in transport/all\nit has  %.200q\nand not %.200q", name, got[at:], want[at:])
		}
	}
}

// Every exported field of every destination and encoder is on the page, with a
// default or as required; and every scheme with an example that can be opened.
func TestComplete(t *testing.T) {
	page := string(committed(t, "REFERENCE.md"))
	m := theModel(t)
	sections := []*section{m.tls, m.logging, m.route, m.buffer, m.environment}
	for _, d := range m.destinations {
		sections = append(sections, d.section)
		direct := 0
		for _, o := range slices.Concat(d.options, d.closed) {
			if !strings.Contains(o.key, ".") {
				direct++
			}
		}
		exported := 0
		for i := range d.typ.NumField() {
			if d.typ.Field(i).IsExported() {
				exported++
			}
		}
		if direct != exported {
			t.Errorf("%s: %d of %d fields", d.name(), direct, exported)
		}
	}
	for _, e := range m.encoders {
		sections = append(sections, e.section)
	}
	for _, s := range sections {
		for _, o := range s.options {
			if o.fallback == "" && !o.required || o.form == "" || !strings.Contains(page, "| `"+o.key+"` |") {
				t.Errorf("%v: %s: form %q, default %q", s.typ, o.key, o.form, o.fallback)
			}
		}
		for _, o := range s.closed {
			if o.fallback == "" || o.why == "" {
				t.Errorf("%v: %s: %q", s.typ, o.goName, o.fallback)
			}
		}
	}
}

func TestExamples(t *testing.T) {
	known := forms()
	validate := validator(t)
	for name, s := range all.Schemes() {
		f, ok := known[name]
		if !s.HasURL() {
			if ok {
				t.Errorf("%s has no URL", name)
			}
			continue
		}
		if !strings.HasPrefix(f.pattern, name) || !strings.HasPrefix(f.example, name) {
			t.Errorf("%s: pattern %q, example %q", name, f.pattern, f.example)
			continue
		}
		text := []byte("logging:\n  routes:\n    - {name: r, output: '" + f.example + "'}\n")
		d := load(t, text)[0]
		tr, err := d.Open()
		if errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", f.example, err)
			continue
		}
		tr.Close()
		if err := validate(text); err != nil {
			t.Errorf("%s: %v", f.example, err)
		}
	}
	for name := range known {
		if _, ok := all.Schemes()[name]; !ok {
			t.Errorf("%s is no scheme", name)
		}
	}
}

// load returns the destinations of a file without environments.
func load(t *testing.T, text []byte) []transport.Destination {
	t.Helper()
	cfg, err := config.Parse("example.yaml", text, &config.Options{Schemes: all.Schemes(), Lookup: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	routes, err := cfg.Routes("")
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	var to []transport.Destination
	for _, r := range routes {
		to = append(to, r.To)
	}
	return to
}

// validator checks a file against the committed schema.
func validator(t *testing.T) func(text []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(committed(t, "schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaID, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(schemaID)
	if err != nil {
		t.Fatal(err)
	}
	return func(text []byte) error {
		var file any
		if err := yaml.Unmarshal(text, &file); err != nil {
			return err
		}
		asJSON, err := json.Marshal(file)
		if err != nil {
			return err
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
		if err != nil {
			return err
		}
		return schema.Validate(value)
	}
}

// The page's own example loads and is valid, in both environments.
func TestPageExample(t *testing.T) {
	_, rest, _ := strings.Cut(pageHead, "```yaml\n")
	text, _, _ := strings.Cut(rest, "```")
	if err := validator(t)([]byte(text)); err != nil {
		t.Error(err)
	}
	cfg, err := config.Parse("example.yaml", []byte(text), &config.Options{Schemes: all.Schemes(), Lookup: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	for _, env := range []string{"development", "staging", "production"} {
		if _, err := cfg.Routes(env); err != nil {
			t.Errorf("%s: %v", env, err)
		}
	}
}

// files returns the configuration files below a folder.
func files(t *testing.T, folder string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The schema takes what package config takes: the file, one with
// everything, and the examples'. Of what config refuses, it refuses every file
// with a key that nobody knows.
func TestSchemaAgrees(t *testing.T) {
	validate := validator(t)
	taken, refused := 0, 0
	for _, path := range slices.Concat(files(t, "route/config/testdata"), files(t, "examples")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("logging")) {
			continue // a manifest of something else
		}
		_, err = config.Parse(path, text, &config.Options{Schemes: all.Schemes(), Lookup: func(string) (string, bool) { return "", false }})
		invalid := validate(text)
		switch {
		case err == nil && invalid != nil:
			t.Errorf("%s loads, and is not valid: %v", path, invalid)
		case err == nil:
			taken++
		case unknownKey(err) && invalid == nil:
			t.Errorf("%s is valid, and does not load: %v", path, err)
		case invalid != nil:
			refused++
		}
	}
	if taken < 2 {
		t.Errorf("%d files were taken: the test has lost its subject", taken)
	}
	t.Logf("taken %d, refused %d", taken, refused)
}

// unknownKey reports whether a key of a mapping is what is wrong: those of a
// URL's query no schema can look into.
func unknownKey(err error) bool {
	var all config.Errors
	if !errors.As(err, &all) {
		return false
	}
	return slices.ContainsFunc(all, func(e *config.Error) bool { return errors.Is(e, config.ErrUnknownKey) && !strings.Contains(e.Key, "?") })
}

// usable reports whether a file loads and its destinations open.
func usable(text []byte) error {
	lookup := func(name string) (string, bool) { return "stdout", name == "OUTPUT" }
	cfg, err := config.Parse("test.yaml", text, &config.Options{Schemes: all.Schemes(), Lookup: lookup})
	if err != nil {
		return err
	}
	for _, env := range append(cfg.Environments(), "") {
		routes, err := cfg.Routes(env)
		if env == "" && len(cfg.Environments()) > 0 {
			break
		}
		if err != nil {
			return err
		}
		for _, r := range routes {
			tr, err := r.To.Open()
			if err != nil {
				return err
			}
			tr.Close()
		}
	}
	return nil
}

// What a person may do wrong, one thing at a time, beside what is right: the
// schema refuses what cannot be used, and nothing else.
func TestSchemaRefuses(t *testing.T) {
	validate := validator(t)
	const head = "logging:\n  routes:\n    - name: r\n      "
	for good, bads := range map[string][]string{
		"output: stdout":                                          {"output: stdoutt", "outputs: stdout", "output: [stdout]", "output: ''", "output: 7"},
		"output: tcp://h:1":                                       {"output: tpc://h:1", "output: {type: tpc, addr: h:1}"},
		"output: ${OUTPUT}":                                       {"output: $OUTPUT"},
		"output: {type: tcp, addr: 'h:1'}":                        {"output: {type: tcp}", "output: {addr: 'h:1'}", "output: {type: tcp, addr: 'h:1', adr: 1}", "output: {type: udp, addr: 'h:1', framing: null}"},
		"output: {url: 'tcp://h:1', framing: newline}":            {"output: {url: 'tcp://h:1', topic: x}", "output: {url: 'tcp://h:1', framing: newlines}"},
		"output: {type: tcp, addr: 'h:1', tls: {server_name: x}}": {"output: {type: tcp, addr: 'h:1', tls: {ca: /x}}", "output: {type: tcp, addr: 'h:1', tls: /x}"},
		"output: {type: tcp, addr: 'h:1', tls: true}":             {"output: {type: tcp, addr: 'h:1', tls: yes please}"},
		"output: {type: tcp, addr: 'h:1', window_bytes: 8MiB}":    {"output: {type: tcp, addr: 'h:1', window_bytes: 8}", "output: {type: tcp, addr: 'h:1', window_bytes: 8M}"},
		"output: {type: tcp, addr: 'h:1', lifetime: 1h30m}":       {"output: {type: tcp, addr: 'h:1', lifetime: 90}", "output: {type: tcp, addr: 'h:1', lifetime: 1 hour}"},
		"output: {type: tcp, addr: 'h:1', encoder: ecs}":          {"output: {type: tcp, addr: 'h:1', encoder: xml}"},
		"output: {type: tcp, addr: 'h:1', encoder: {type: json, keys: {id: x}}}": {
			"output: {type: tcp, addr: 'h:1', encoder: {type: json, key: {id: x}}}", "output: {type: tcp, addr: 'h:1', encoder: {keys: {id: x}}}"},
		"output: {type: failover, members: [stdout, {type: tcp, addr: 'h:1'}]}": {
			"output: {type: failover}", "output: {type: failover, members: [stdout, {type: tcp, adr: 'h:1'}]}", "output: {type: failover, members: nowhere}"},
		"output: {type: kafka, brokers: 'a:1,b:1', topics: {a: b}, topic_attr: t, sasl: {mechanism: scram-sha-256, username: u, password: p}}": {
			"output: {type: kafka, brokers: 'a:1', topic: t, sasl: {mechanism: md5, username: u, password: p}, allow_plaintext: true}", "output: {type: kafka, topic: t}", "output: {type: kafka, brokers: {a: b}}"},
		"output: {type: amqp, addrs: 'h:1', routing_key: q, declare: {queues: [{name: q, kind: quorum}]}}": {"output: {type: amqp, addrs: 'h:1', routing_key: q, declare: {queues: [{name: q, kid: quorum}]}}"},
		"output: {type: lumberjack, addrs: 'h:1', encoder: {labels: true}}":                                {"output: {type: lumberjack, addrs: 'h:1', encoder: {label: true}}"},
		"output: {type: file, path: x, mode: 0640}":                                                        {"output: {type: file, path: x, mode: rw}"},
		"output: stdout\n      levels: [warn, ERROR+1, 12]":                                                {"output: stdout\n      levels: [wran]", "output: stdout\n      levels: []"},
		"output: stdout\n      levels: '>=INFO'":                                                           {"output: stdout\n      levels: {at_least: INFO}"},
		"output: stdout\n      levels: {min: DEBUG}":                                                       {"output: stdout\n      level: INFO"},
		"output: stdout\n      match: {tenant: [eu, 7], http.status: {min: 500}}":                          {"output: stdout\n      match: {http.status: {least: 500}}", "output: stdout\n      match: {}"},
		"output: stdout\n      match: {any: [{scope: db}, {not: {sampled: true}}]}":                        {"output: stdout\n      match: {any: {scope: db}}", "output: stdout\n      match: {sampled: maybe}"},
		"output: stdout\n      durability: interval(1s)":                                                   {"output: stdout\n      durability: interval"},
		"output: stdout\n      buffer: {shed: [{up_to: DEBUG, room: 50%}]}":                                {"output: stdout\n      buffer: {shed: [{level: DEBUG, room: 50%}]}"},
		"output: stdout\n      environment: [a, b]":                                                        {"output: stdout\n      environments: a", "output: stdout\n      environment: {a: b}"},
		"output: stdout\n  level: db=DEBUG,INFO":                                                           {"output: stdout\n  level: nonsense", "output: stdout\n  levels: INFO"},
		"output: stdout\n  environments: {a: {inherits: b}, b: }":                                          {"output: stdout\n  environments: {a: {inherit: b}}"},
		"output: stdout\n  resource: {service: x, attrs: {g: {a: 1}}}":                                     {"output: stdout\n  resource: {name: x}"},
		"output: stdout\nx-common: 1":                                                                      {"output: stdout\ncommon: 1"},
	} {
		if err := errors.Join(validate([]byte(head+good)), usable([]byte(head+good))); err != nil {
			t.Errorf("%s: %v", good, err)
		}
		for _, bad := range bads {
			if validate([]byte(head+bad)) == nil {
				t.Errorf("valid: %s", bad)
			}
			if usable([]byte(head+bad)) == nil {
				t.Errorf("not valid, but it can be used: %s", bad)
			}
		}
	}
	if validate([]byte("logging: {}")) == nil || validate([]byte("{}")) == nil {
		t.Error("a file without routes is valid")
	}
}

// Every field that a file can set is in the schema, with a value that package
// config takes.
func TestSchemaHasEveryField(t *testing.T) {
	validate, m := validator(t), theModel(t)
	check := func(text string) {
		if err := validate([]byte("logging: {routes: [{output: " + text + "}]}")); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, d := range m.destinations {
		needed := ""
		for _, key := range d.required()[1:] {
			needed += ", " + key + ": x1"
			if key == "members" {
				needed = ", members: stdout"
			}
		}
		for _, l := range leaves.Of(d.fields) {
			own := needed
			if slices.Contains(d.required(), l.Keys[0]) {
				own = "" // it is what is set
			}
			check("{type: " + d.schemes[0] + own + ", " + l.Long() + "}")
		}
	}
	for _, e := range m.encoders {
		for _, l := range leaves.Of(e.fields) {
			check("{type: tcp, addr: x1, encoder: {type: " + e.name + ", " + l.Long() + "}}")
		}
	}
	for _, l := range leaves.Of(m.route.fields) {
		if l.Keys[0] == "output" {
			continue
		}
		if err := validate([]byte("logging: {routes: [{output: stdout, " + l.Long() + "}]}")); err != nil {
			t.Errorf("%s: %v", l.Long(), err)
		}
	}
	for _, l := range leaves.Of(m.logging.fields) {
		if err := validate([]byte("logging: {routes: [{output: stdout}], " + l.Long() + "}")); err != nil {
			t.Errorf("%s: %v", l.Long(), err)
		}
	}
}

// All that the schema refers to is there, and nothing is there that nothing
// refers to.
func TestSchemaIsWhole(t *testing.T) {
	var schema struct {
		Defs map[string]any `json:"$defs"`
	}
	text := committed(t, "schema.json")
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`"\$ref": "#/\$defs/([^"]+)"`).FindAllSubmatch(text, -1) {
		used[string(m[1])] = true
	}
	if got, want := slices.Sorted(maps.Keys(schema.Defs)), slices.Sorted(maps.Keys(used)); !reflect.DeepEqual(got, want) {
		t.Errorf("there is  %q\nused are %q", got, want)
	}
}
