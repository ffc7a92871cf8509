package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/slogship/slogship/route/config"
)

// names returns the routes of an environment, as "a b c".
func names(t *testing.T, c *config.Config, env string) string {
	t.Helper()
	routes, err := c.Routes(env)
	if err != nil {
		t.Errorf("%s: %v", env, err)
	}
	var got []string
	for _, r := range routes {
		got = append(got, r.Name)
	}
	return strings.Join(got, " ")
}

func TestInheritance(t *testing.T) {
	c := parse(t, `
logging:
  environments:
    base: {abstract: true}
    server: {abstract: true, inherits: base}
    staging: {inherits: server}
    production: {inherits: server, without: [b]}
    laptop:
  routes:
    - {name: e, output: stdout}
    - {name: a, environment: base, output: stdout}
    - {name: b, environment: base, output: stdout}
    - {name: c, environment: [server, laptop], output: stdout}
    - {name: a, environment: production, output: stderr}
    - {name: d, environment: "production,laptop", output: stdout}
`)
	if got := strings.Join(c.Environments(), " "); got != "laptop production staging" {
		t.Errorf("%q", got)
	}
	for env, want := range map[string]string{"staging": "e a b c", "production": "e a c d", "laptop": "e c d"} {
		if got := names(t, c, env); got != want {
			t.Errorf("%s: %q, want %q", env, got, want)
		}
	}
	if _, err := c.Routes("base"); err == nil {
		t.Error("an abstract environment was chosen")
	}
	// The one of production is in the place of the one it replaces.
	routes, _ := c.Routes("production")
	staging, _ := c.Routes("staging")
	if reflect.DeepEqual(routes[1].To, staging[1].To) {
		t.Error("the inherited route was not replaced")
	}
}

// A file that names no environment is for all, whatever they are called.
func TestWithoutEnvironments(t *testing.T) {
	c := parse(t, "logging: {routes: [{output: stdout}, {name: b, output: stdout}]}")
	if got := c.Environments(); got != nil {
		t.Errorf("%q", got)
	}
	for _, env := range []string{"", "any", "production"} {
		if got := names(t, c, env); got != "stdout b" {
			t.Errorf("%q: %q", env, got)
		}
	}
}

// What the routes of another environment refer to is not needed, and not looked
// at; a mistake in them is found all the same.
func TestReferencesOfOtherEnvironments(t *testing.T) {
	const file = `
logging:
  routes:
    - {environment: laptop, output: stdout}
    - {environment: production, output: "tcp://${HOST}:${PORT:5170}?keep_alive=${KEEP}", max_age: "${AGE}", name: p}
`
	asked := ""
	c, err := config.Parse("f", []byte(file), &config.Options{Schemes: schemes(), Lookup: func(name string) (string, bool) {
		asked += name + " "
		return "", false
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, c, "laptop"); got != "laptop-stdout" || asked != "" {
		t.Errorf("%q, asked for %q", got, asked)
	}
	_, err = c.Routes("production")
	errs, _ := errors.AsType[config.Errors](err)
	var missing []string
	for _, e := range errs {
		missing = append(missing, e.Value)
		if !errors.Is(e, config.ErrVariable) || e.Line != 5 {
			t.Error(e)
		}
	}
	if got := strings.Join(missing, " "); got != "${HOST} ${KEEP} ${AGE}" {
		t.Errorf("%q", got)
	}
	for _, broken := range []string{"?keep_alive=", "?keepalive=", "max_age: \"x"} {
		text := strings.Replace(strings.Replace(file, "?keep_alive=", broken, 1), `max_age: "`, `max_age: "x`, 1)
		if _, err := config.Parse("f", []byte(text), &config.Options{Schemes: schemes(), Lookup: environment()}); (err == nil) != (broken == "?keep_alive=") {
			t.Errorf("%s: %v", broken, err)
		}
	}
}

// Names are made from what the file says of where a route leads, and of nothing
// that is secret or changes with the machine.
func TestNames(t *testing.T) {
	for output, want := range map[string]string{
		"{<<: *fast, nagle: true}":               "tcp-logs-5170",
		"*fast":                                  "tcp-logs-5170",
		"stdout":                                 "stdout",
		"syslog://logserver.prod:514":            "syslog-logserver-prod-514",
		"syslog+tls://L.Example:6514":            "syslog-tls-l-example-6514",
		"picky://u:secret@mq:5672/orders":        "picky-mq-5672-orders",
		"picky://u:${PW}@mq/t":                   "picky-mq-t",
		"tcp://${LOG_HOST}:5170":                 "tcp-log-host-5170",
		"tcp://${LOG_HOST:a.b}:5170":             "tcp-log-host-5170",
		"${LOG_URL}":                             "log-url",
		"file:///var/log/shop.json?max_size=1MB": "file-var-log-shop-json",
		"https://hooks.example/services/T0/a1b2c3d4e5f6g7h8i9j0k1":    "https-hooks-example-services-t0-24e91ce0",
		"{type: tcp, addr: 'logs:5170'}":                              "tcp-logs-5170",
		"{url: 'tcp://logs:5170', nagle: true}":                       "tcp-logs-5170",
		"{type: https, url: 'https://u:p@in.example/v1?key=x'}":       "https-in-example-v1",
		"{type: failover, members: ['tcp://a:1', 'tcp://b:1']}":       "failover-tcp-a-1",
		"{type: failover, members: [{type: file, path: /x}, stdout]}": "failover-file-x",
		"{type: file, path: '/var/log/shop.json', encoder: text}":     "file-var-log-shop-json",
		"tcp://" + strings.Repeat("long.", 20) + "example:5170":       "tcp-long-long-long-long-long-long-long-long-long-long-l-b39e4aa9",
	} {
		c := parse(t, "x-fast: &fast {type: tcp, addr: 'logs:5170'}\nlogging:\n  routes:\n    - output: "+output+"\n",
			"LOG_HOST=elsewhere", "LOG_URL=tcp://a:1", "PW=secret")
		if got := names(t, c, "any"); got != want {
			t.Errorf("%s: %q, want %q", output, got, want)
		}
	}
	secret := filepath.ToSlash(filepath.Join(t.TempDir(), "host"))
	if err := os.WriteFile(secret, []byte("hidden.example"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := names(t, parse(t, "logging: {routes: [{output: 'https://${file:"+secret+"}/v1'}]}"), "any"); got != "https-host-v1" {
		t.Errorf("%q", got)
	}
	// With its environment, the one that names it first in the line of heirs.
	c := parse(t, "logging:\n  environments: {base: {abstract: true}, Prod/EU: {inherits: base}}\n  routes:\n"+
		"    - {environment: base, output: stdout}\n    - {environment: Prod/EU, output: stdout}\n    - {output: stdout}\n")
	if got := names(t, c, "Prod/EU"); got != "base-stdout stdout prod-eu-stdout" {
		t.Errorf("%q", got)
	}
}
