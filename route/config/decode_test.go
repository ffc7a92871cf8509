package config_test

import (
	_ "embed"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/file"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

//go:embed testdata/full.yaml
var full string

// What the routes of testdata/full.yaml are in Go.
func fullRoutes() (consoleRoute, debug, collector, pair route.Route) {
	consoleRoute = route.Route{Name: "console", To: console.Destination{}, Levels: route.AtLeast(slog.LevelWarn), Direct: true}
	debug = route.Route{
		Name: "debug", Levels: route.Between(route.LevelTrace, slog.LevelInfo), Final: true,
		Fields: &crypto.Policy{Rules: []crypto.Rule{{Key: "password", Do: crypto.Drop}, {Path: "user.*", Do: crypto.Hash, Index: "users"}}},
		To: file.Destination{
			Path: "/tmp/debug.json", MaxSize: 10e6, Every: 24 * time.Hour, KeepFor: 14 * 24 * time.Hour,
			Mode: 0o640, Compress: true, Encoder: encode.ECS{},
		},
	}
	collector = route.Route{
		Name: "collector", Levels: route.Only(slog.LevelWarn, slog.LevelError),
		To: tcp.Destination{
			Addr: "logs:5170", Framing: tcp.OctetCounted, TLS: &tlsconfig.Options{CAFile: "/etc/ca.pem", ServerName: "logs.example"},
			KeepAlive: -time.Second, WindowBytes: 64 << 10,
			Encoder: encode.JSONLines{Time: encode.TimeUnixMilli, Keys: encode.Keys{Message: "msg"}},
		},
		Match:      route.All(route.Equals("tenant", "eu", "us"), route.Range("http.status", int64(500), nil)),
		Durability: route.Interval(time.Second),
		Buffer: route.Buffer{
			MaxBytes: 64 << 20, WhenFull: route.DropNewest, Keep: slog.LevelWarn,
			Shed: []route.Shed{{UpTo: slog.LevelDebug, Room: 0.5}},
		},
		Batch:       route.Batch{MaxRecords: 500, MaxBytes: 1e6, Linger: 50 * time.Millisecond},
		Backoff:     route.Backoff{InitialInterval: time.Second, MaxInterval: time.Minute, Multiplier: 1.5},
		SendTimeout: 10 * time.Second, MaxInFlight: 4, MaxAge: 7 * 24 * time.Hour, OnStale: route.DeadLetter, DrainRate: 1000,
		DeadLetter:   "pair",
		Sample:       route.Sample{Share: 0.1, ByTrace: true, Keep: slog.LevelWarn},
		Dedupe:       route.Dedupe{Window: 10 * time.Second},
		Limit:        route.Limit{PerSecond: 100, Key: "tenant"},
		DebugOnError: route.DebugOnError{From: slog.LevelDebug},
	}
	pair = route.Route{Name: "pair", Fallback: true, To: failover{HeartbeatInterval: 5 * time.Second, Members: []transport.Destination{
		syslog.Destination{Network: "tcp", Addr: "a.example:6514", MaxMessage: 8000, TLS: &tlsconfig.Options{CAFile: "/etc/ca.pem"}},
		tcp.Destination{Addr: "b.example:5170", Encoder: encode.Logfmt{}},
		failover{Members: []transport.Destination{tcp.Destination{Addr: "c:1"}, tcp.Destination{Addr: "d:2"}}},
	}}}
	return consoleRoute, debug, collector, pair
}

func checkFull(t *testing.T, c *config.Config) {
	t.Helper()
	console, debug, collector, pair := fullRoutes()
	got, err := c.Routes("production")
	if err != nil {
		t.Fatal(err)
	}
	sameRoutes(t, got, []route.Route{console, pair, collector})
	if got, err = c.Routes("staging"); err != nil {
		t.Fatal(err)
	}
	sameRoutes(t, got, []route.Route{console, debug, pair, collector})
	o := c.HandlerOptions()
	if o.Dir != "/var/lib/shop" || o.MaxDisk != 2<<30 || o.MinFree != 100e6 || o.InMemory || !o.AddSource || o.StackFrom != slog.LevelError+1 {
		t.Errorf("%+v", o)
	}
	if got := o.Levels.String(); got != "db=DEBUG,http.client=WARN,INFO" {
		t.Errorf("levels %q", got)
	}
	want := encode.Resource{
		Service: "shop", Version: "1.10", Environment: "blue",
		Attrs: []slog.Attr{slog.String("team", "payments"), slog.Int64("shard", 4), slog.Group("cloud", "region", "eu-1")},
	}
	if !reflect.DeepEqual(o.Resource, want) {
		t.Errorf("%+v, want %+v", o.Resource, want)
	}
	if !reflect.DeepEqual(c.Renames, map[string]string{"old-collector": "collector"}) || len(c.Notices()) != 0 {
		t.Error(c.Renames, c.Notices())
	}
}

func sameRoutes(t *testing.T, got, want []route.Route) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d routes, want %d", len(got), len(want))
	}
	for i := range got {
		for f := range reflect.TypeFor[route.Route]().NumField() {
			g, w := reflect.ValueOf(got[i]).Field(f).Interface(), reflect.ValueOf(want[i]).Field(f).Interface()
			if !reflect.DeepEqual(g, w) {
				t.Errorf("route %s: got  %+v\nwant %+v", got[i].Name, g, w)
			}
		}
	}
}

func TestEveryKindOfValue(t *testing.T) { checkFull(t, parse(t, full, "COLLECTOR=logs:5170")) }

// The same file as JSON, with aliases written out and everything quoted or not as
// JSON has it.
func TestEveryKindOfValueInJSON(t *testing.T) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(full), &doc); err != nil {
		t.Fatal(err)
	}
	text := asJSON(t, doc.Content[0])
	if !json.Valid([]byte(text)) {
		t.Fatal(text)
	}
	checkFull(t, parse(t, text, "COLLECTOR=logs:5170"))
}

// asJSON keeps the order of keys, which makes a difference to attributes.
func asJSON(t *testing.T, n *yaml.Node) string {
	t.Helper()
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	var parts []string
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			parts = append(parts, strconv.Quote(n.Content[i].Value)+":\t"+asJSON(t, n.Content[i+1]))
		}
		return "{\n\t" + strings.Join(parts, ",\n\t") + "\n}"
	case yaml.SequenceNode:
		for _, item := range n.Content {
			parts = append(parts, asJSON(t, item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	if n.Tag == "!!bool" || n.Tag == "!!int" && n.Value[0] != '0' {
		return n.Value
	}
	return strconv.Quote(n.Value)
}

// Load is Parse of a file, which says what it is called in errors.
func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logging.yaml")
	_, err := config.Load(path, nil)
	if errs, ok := errors.AsType[config.Errors](err); !ok || errs[0].File != path || !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, config.ErrRead) {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(path, []byte(full), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, &config.Options{Schemes: schemes(), Lookup: environment("COLLECTOR=logs:5170")})
	if err != nil {
		t.Fatal(err)
	}
	checkFull(t, c)
}

// Nothing of the program's own environment is asked if a Lookup is given, and it
// is if none is.
func TestDefaultLookupIsTheEnvironment(t *testing.T) {
	t.Setenv("SLOGSHIP_TEST_LEVEL", "ERROR")
	c, err := config.Parse("f", []byte("logging: {level: \"${SLOGSHIP_TEST_LEVEL}\", routes: [{output: stdout}]}"), &config.Options{Schemes: schemes()})
	if err != nil || c.HandlerOptions().Levels.String() != "ERROR" {
		t.Error(c, err)
	}
}
