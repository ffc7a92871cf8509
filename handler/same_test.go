package handler

import (
	"crypto/tls"
	"log/slog"
	"testing"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
)

// config is a destination with fields of every kind that destinations have.
type config struct {
	transport.Destination // nil
	Addr                  string
	Every                 time.Duration
	Until                 time.Time
	Tags                  []string
	Labels                map[string]string
	Members               []transport.Destination
	TLS                   *settings
	Client                *tls.Config
	Level                 slog.Leveler
	Hook                  func()
	next                  *config
}

type settings struct {
	CA    string
	Names []string
}

// A destination stays if it is written alike; objects with a life of their own
// are the same only if they are the same object.
func TestSameDestination(t *testing.T) {
	now := time.Now()
	sink, level, client := memory.New(), new(slog.LevelVar), &tls.Config{ServerName: "x"}
	full := func() *config {
		return &config{
			Addr: "a:1", Every: time.Second, Until: now, Tags: []string{"x"}, Labels: map[string]string{"k": "v"},
			Members: []transport.Destination{sink, config{Addr: "b"}}, TLS: &settings{CA: "ca", Names: []string{"n"}},
			Client: client, Level: level,
		}
	}
	if !sameDestination(*full(), *full()) || !sameDestination(sink, sink) || !sameDestination(nil, nil) {
		t.Error("two that are written alike differ")
	}
	for name, change := range map[string]func(c *config){
		"string":       func(c *config) { c.Addr = "a:2" },
		"duration":     func(c *config) { c.Every++ },
		"time":         func(c *config) { c.Until = now.Add(1) },
		"slice":        func(c *config) { c.Tags = []string{"x", "y"} },
		"element":      func(c *config) { c.Tags = []string{"z"} },
		"nil slice":    func(c *config) { c.Tags = nil },
		"map":          func(c *config) { c.Labels = map[string]string{"k": "w"} },
		"map, key":     func(c *config) { c.Labels = map[string]string{"l": "v"} },
		"nil map":      func(c *config) { c.Labels = nil },
		"member":       func(c *config) { c.Members[1] = config{Addr: "c"} },
		"member, sink": func(c *config) { c.Members[0] = memory.New() },
		"member, type": func(c *config) { c.Members[1] = sink },
		"behind":       func(c *config) { c.TLS.CA = "other" },
		"nothing":      func(c *config) { c.TLS = nil },
		"object":       func(c *config) { c.Client = client.Clone() },
		"leveler":      func(c *config) { c.Level = new(slog.LevelVar) },
		"constant":     func(c *config) { c.Level = slog.LevelInfo },
		"function":     func(c *config) { c.Hook = func() {} },
		"unexported":   func(c *config) { c.next = &config{} },
	} {
		changed := full()
		change(changed)
		if sameDestination(*full(), *changed) || sameDestination(*changed, *full()) {
			t.Errorf("%s: the change was not seen", name)
		}
	}
	if sameDestination(memory.New(), memory.New()) {
		t.Error("two sinks are one")
	}
	if f := full(); sameDestination(f, full()) {
		t.Error("an object is another that looks like it")
	}
	round := func() []transport.Destination {
		s := make([]transport.Destination, 1)
		s[0] = ring(s)
		return s
	}
	if sameDestination(ring(round()), ring(round())) {
		t.Error("what goes round has no end to be compared to")
	}
}

// ring is a list that contains itself.
type ring []transport.Destination

func (ring) Open() (transport.Transport, error) { return nil, nil }
