package config_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/slogship/slogship/route"
)

// What a matcher of a file is in Go. Matchers are compared as texts, which are
// equal for those that are made alike.
func TestMatchers(t *testing.T) {
	re := regexp.MustCompile
	for text, want := range map[string]route.Matcher{
		"{tenant: eu}":                            route.Equals("tenant", "eu"),
		"{tenant: [eu, us]}":                      route.Equals("tenant", "eu", "us"),
		"{tenant: {equals: eu}}":                  route.Equals("tenant", "eu"),
		"{tenant: {in: [eu, us]}}":                route.Equals("tenant", "eu", "us"),
		"{tenant: {not: [eu, us]}}":               route.Not(route.Equals("tenant", "eu", "us")),
		"{tenant: {not: {regexp: ^e}}}":           route.Not(route.Regexp("tenant", re("^e"))),
		"{code: 5}":                               route.Equals("code", 5),
		"{code: -5}":                              route.Equals("code", -5),
		`{code: "5"}`:                             route.Equals("code", "5"),
		"{code: 18446744073709551615}":            route.Equals("code", uint64(1<<64-1)),
		"{code: 0.5}":                             route.Equals("code", 0.5),
		"{code: 007}":                             route.Equals("code", "007"),
		"{code: 1e3}":                             route.Equals("code", 1000.0),
		"{code: 5%}":                              route.Equals("code", "5%"),
		"{code: 0.5%}":                            route.Equals("code", "0.5%"),
		"{cached: true}":                          route.Equals("cached", true),
		`{cached: "true"}`:                        route.Equals("cached", "true"),
		"{country: NO}":                           route.Equals("country", "NO"),
		"{http.status: {min: 500}}":               route.Range("http.status", 500, nil),
		"{http.status: {max: 499}}":               route.Range("http.status", nil, 499),
		"{http.status: {min: 500, max: 599}}":     route.Range("http.status", 500, 599),
		"{took: {min: 1s}}":                       route.Range("took", time.Second, nil),
		"{user: {exists: true}}":                  route.Exists("user"),
		"{user: {exists: false}}":                 route.Not(route.Exists("user")),
		"{a: {regexp: ^x, exists: true}}":         route.All(route.Regexp("a", re("^x")), route.Exists("a")),
		"{message: timeout}":                      route.Message("timeout"),
		"{message: [timeout, refused]}":           route.Any(route.Message("timeout"), route.Message("refused")),
		"{message: {regexp: ^slow}}":              route.MessageRegexp(re("^slow")),
		"{scope: db}":                             route.Scope("db"),
		"{scope: [db, http]}":                     route.Any(route.Scope("db"), route.Scope("http")),
		"{group: request}":                        route.Group("request"),
		"{package: example.org/shop}":             route.Package("example.org/shop"),
		"{sampled: true}":                         route.Sampled(),
		"{sampled: false}":                        route.Not(route.Sampled()),
		"{attributes: {scope: db}}":               route.Equals("scope", "db"),
		"{tenant: eu, code: 5}":                   route.All(route.Equals("tenant", "eu"), route.Equals("code", 5)),
		"{any: [{tenant: eu}, {scope: db}]}":      route.Any(route.Equals("tenant", "eu"), route.Scope("db")),
		"{all: [{tenant: eu}, {scope: db}]}":      route.All(route.Equals("tenant", "eu"), route.Scope("db")),
		"{not: {tenant: eu, scope: db}}":          route.Not(route.All(route.Equals("tenant", "eu"), route.Scope("db"))),
		"{any: [{not: {a: b}}, {all: [{c: d}]}]}": route.Any(route.Not(route.Equals("a", "b")), route.Equals("c", "d")),
		`{tenant: "${TENANT}"}`:                   route.Equals("tenant", "7"),
		"\n        tenant: ${TENANT}":             route.Equals("tenant", 7),
	} {
		c := parse(t, "logging:\n  routes:\n    - output: stdout\n      match: "+text, "TENANT=7")
		routes, err := c.Routes("any")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, want := fmt.Sprint(routes[0].Match), fmt.Sprint(want); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestLevelsOfARoute(t *testing.T) {
	for text, want := range map[string]string{
		"WARN": "WARN", "[WARN, ERROR]": "WARN,ERROR", "warn": "WARN", `"WARN,ERROR"`: "WARN,ERROR", `">=WARN"`: ">=WARN",
		"{min: DEBUG}": ">=DEBUG", "{max: INFO}": "<=INFO", "{min: DEBUG, max: INFO}": ">=DEBUG,<=INFO", `">=DEBUG,<=INFO"`: ">=DEBUG,<=INFO",
		"[NOTICE, FATAL]": "NOTICE,FATAL", "${L:INFO}": "INFO", "${SET}": "FATAL", "{min: INFO+1}": ">=INFO+1",
	} {
		routes, err := parse(t, "logging:\n  routes:\n    - output: stdout\n      levels: "+text, "SET=FATAL").Routes("any")
		if err != nil || routes[0].Levels.String() != want {
			t.Errorf("%s: %v %v, want %s", text, routes, err, want)
		}
	}
	// "all" is all, whatever logging.level is: the zero Levels would be that.
	routes, err := parse(t, "logging: {level: ERROR, routes: [{output: stdout, levels: all}]}").Routes("any")
	if err != nil || routes[0].Levels == (route.Levels{}) || !routes[0].Levels.Contains(-100) {
		t.Error(routes, err)
	}
}
