package config_test

import (
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/memory"
	"github.com/slogship/slogship/transport/relp"
)

// sinkSchemes has destinations that a test can look into, by their host.
func sinkSchemes(sinks map[string]*memory.Sink) config.Schemes {
	all := schemes()
	all["sink"] = config.SchemeOf(func(d *sinkDestination, u *urlOf) error {
		d.Host = u.Host
		d.sink = sinks[u.Host]
		return nil
	})
	return all
}

func TestApply(t *testing.T) {
	sinks := map[string]*memory.Sink{"a": memory.New(), "b": memory.New()}
	load := func(text string) *config.Config {
		c, err := config.Parse("f", []byte(text), &config.Options{Schemes: sinkSchemes(sinks), OnNotice: func(string) {}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	h, err := load("logging: {level: WARN, routes: [{name: main, output: 'sink://a'}]}").Open("any")
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(h)
	logger.Info("1")
	logger.Warn("2")
	flush(t, h)
	if err := load("logging: {level: INFO, routes: [{name: main, output: 'sink://b'}]}").Apply(h, "any"); err != nil {
		t.Fatal(err)
	}
	logger.Debug("3")
	logger.Info("4")
	flush(t, h)
	if err := load("logging: {routes: [{name: main, output: 'sink://b'}]}").Apply(h, "any"); err != nil {
		t.Fatal(err)
	}
	logger.Debug("5")
	flush(t, h)
	// A new file that cannot be used changes nothing.
	if err := load("logging: {level: ERROR, routes: [{name: main, output: 'picky://mq/refused'}]}").Apply(h, "any"); err == nil {
		t.Error("a destination that does not open was put in force")
	} else if ce, ok := errors.AsType[*config.Error](err); !ok || ce.Line != 1 || ce.Key != "logging.routes[0]" {
		t.Errorf("%v: no place", err)
	}
	logger.Info("6")
	flush(t, h)
	if got := messages(sinks["a"]) + ";" + messages(sinks["b"]); got != "2;4 5 6" {
		t.Errorf("%q", got)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func flush(t *testing.T, h *handler.Handler) {
	t.Helper()
	if err := h.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func messages(s *memory.Sink) string {
	var got []string
	for _, r := range s.Records() {
		got = append(got, r.Message)
	}
	return strings.Join(got, " ")
}

// The rename of a file reaches Reload: the route goes on, with its figures.
func TestApplyRenames(t *testing.T) {
	sinks := map[string]*memory.Sink{"a": memory.New()}
	options := &config.Options{Schemes: sinkSchemes(sinks), OnNotice: func(string) {}}
	c, err := config.Parse("f", []byte("logging: {routes: [{name: old, output: 'sink://a'}]}"), options)
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.Open("any")
	if err != nil {
		t.Fatal(err)
	}
	slog.New(h).Info("1")
	flush(t, h)
	if c, err = config.Parse("f", []byte("logging: {rename: {old: new}, routes: [{name: new, output: 'sink://a'}]}"), options); err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(h, "any"); err != nil {
		t.Fatal(err)
	}
	slog.New(h).Info("2")
	flush(t, h)
	if s := h.Stats(); len(s.Routes) != 1 || s.Routes[0].Name != "new" || s.Routes[0].Delivered != 2 {
		t.Errorf("%+v", s.Routes)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// Without a buffer the records wait in memory, which is said once, and not where
// no record has to wait.
func TestNoticeOfMemory(t *testing.T) {
	for text, want := range map[string]int{
		"logging: {routes: [{output: stderr}]}":                         1,
		"logging: {routes: [{output: stderr, direct: true}]}":           0,
		"logging: {buffer: {dir: DIR}, routes: [{output: stderr}]}":     0,
		"logging: {routes: [{output: stderr}, {output: 'picky://mq'}]}": 1,
	} {
		var got []string
		text = strings.ReplaceAll(text, "DIR", strconv.Quote(filepath.Join(t.TempDir(), "state")))
		c, err := config.Parse("f", []byte(text), &config.Options{Schemes: schemes(), OnNotice: func(n string) { got = append(got, n) }})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > 0 {
			t.Errorf("%s: said before anything is opened: %q", text, got)
		}
		h, err := c.Open("any")
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != want {
			t.Errorf("%s: %q, want %d", text, got, want)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// By default a notice is on stderr.
func TestNoticeOnStderr(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = w
	c := parse(t, "logging: {routes: [{output: 'picky://mq'}]}")
	h, err := c.Open("any")
	os.Stderr = old
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	w.Close()
	line := make([]byte, 4096)
	n, _ := r.Read(line)
	if got := string(line[:n]); strings.Count(got, "\n") != 1 || got != c.Notices()[0]+"\n" {
		t.Errorf("%q", got)
	}
}

// What handler.New does not like has the place in the file, and the
// environment's name is that of the resource.
func TestOpenErrorsHaveLines(t *testing.T) {
	c := parse(t, "logging:\n  routes:\n    - {output: stdout}\n    - {name: b, output: 'picky://mq/refused'}\n")
	_, err := c.Open("any")
	errs, ok := errors.AsType[config.Errors](err)
	if !ok || len(errs) != 1 || errs[0].Line != 4 || errs[0].Key != "logging.routes[1]" {
		t.Fatalf("%v", err)
	}
	if re, ok := errors.AsType[*handler.RouteError](err); !ok || re.Route != "b" {
		t.Errorf("%v does not wrap the handler's error", err)
	}
}

// What only an open transport knows of a route's field is said at the key.
func TestOpenErrorsHaveKeys(t *testing.T) {
	c := parse(t, "logging:\n  routes:\n    - {output: stdout}\n    - name: b\n      output: tcp://127.0.0.1:1\n      direct: true\n")
	_, err := c.Open("any")
	e, ok := errors.AsType[*config.Error](err)
	if !ok || e.Line != 6 || e.Key != "logging.routes[1].direct" || e.Value != "true" || e.Allowed == "" || !errors.Is(err, config.ErrValue) {
		t.Fatalf("%v: %#v", err, e)
	}
	if re, ok := errors.AsType[*handler.RouteError](err); !ok || re.Route != "b" || !errors.Is(err, route.ErrInvalid) {
		t.Errorf("%v does not wrap the handler's error", err)
	}
}

// A secret that stands for what a destination shows is taken out of its error,
// which is still of its type.
func TestOpenErrorsHideSecrets(t *testing.T) {
	secret := filepath.ToSlash(filepath.Join(t.TempDir(), "secret"))
	if err := os.WriteFile(secret, []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	c := parse(t, "logging:\n  routes:\n    - name: a\n      output: tcp://logs:1?tls.ca_file=/none/${file:"+secret+"}\n")
	_, err := c.Open("any")
	re, ok := errors.AsType[*handler.RouteError](err)
	if !ok || re.Route != "a" || !strings.Contains(err.Error(), "/none/xxxxx") {
		t.Errorf("%v", err)
	}
	hidden(t, "a path", err)
	hidden(t, "its cause", re)
}

func TestUnknownEnvironment(t *testing.T) {
	c := parse(t, issue)
	_, err := c.Routes("produktion")
	unknown, ok := errors.AsType[*route.UnknownEnvironmentError](err)
	if !ok || strings.Join(unknown.Known, " ") != "development production" {
		t.Fatalf("%v", err)
	}
	if e, ok := errors.AsType[*config.Error](err); !ok || e.Value != "produktion" || e.Near != "production" || e.File != "logging.yaml" {
		t.Errorf("%#v", e)
	}
	if _, err := c.Open(""); !errors.As(err, &unknown) {
		t.Errorf("%v", err)
	}
}

// What only a destination's Open finds is at its own key, where there is one.
func TestFieldOfADestination(t *testing.T) {
	for text, want := range map[string]struct {
		key  string
		line int
	}{
		"logging:\n  routes:\n    - output:\n        type: relp\n        addr: h:1\n        window: -1\n": {"logging.routes[0].output.window", 6},
		"logging:\n  routes:\n    - output: relp://h:1?window=-1\n":                                       {"logging.routes[0].output.window", 3},
		"logging:\n  routes:\n    - output: {type: relp}\n":                                               {"logging.routes[0].output.addr", 3},
	} {
		schemes := config.Schemes{"relp": config.SchemeOf(func(d *relp.Destination, u *url.URL) error { d.Addr = u.Host; return nil })}
		c, err := config.Parse("f", []byte(text), &config.Options{Schemes: schemes, OnNotice: func(string) {}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Open("x")
		if e, ok := errors.AsType[*config.Error](err); !ok || e.Key != want.key || e.Line != want.line {
			t.Errorf("%s: %v, want %s in line %d", text, err, want.key, want.line)
		}
	}
}
