package config_test

import (
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/file"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/memory"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// failover stands for a group: what matters here is that destinations hold
// destinations.
type failover struct {
	Members           []transport.Destination
	HeartbeatInterval time.Duration
}

func (f failover) Open() (transport.Transport, error) { return memory.New().Open() }

// picky is a destination with fields of every kind, and a scheme that quotes its
// URL in errors, as none should.
type picky struct {
	Addr, Topic string
	Password    string
	Headers     map[string]string
	Arguments   map[string]any
	MaxBytes    int
	Count       int8
	Share       float64
	Hook        func()
	Steps       []step
	TLS         *tlsconfig.Options
}

type step struct {
	Name string
	Wait time.Duration
}

func (p picky) Open() (transport.Transport, error) {
	if p.Topic == "refused" {
		return nil, errors.New("picky: Topic: want another")
	}
	return memory.New().Open()
}

func schemes() config.Schemes {
	return config.Schemes{
		"stdout": config.SchemeOf(func(*console.Destination, *url.URL) error { return nil },
			func(d *console.Destination) { d.Writer = os.Stdout }),
		"stderr": config.SchemeOf(func(*console.Destination, *url.URL) error { return nil }),
		"tcp":    config.SchemeOf(func(d *tcp.Destination, u *url.URL) error { d.Addr = u.Host; return nil }),
		"syslog": config.SchemeOf(func(d *syslog.Destination, u *url.URL) error { d.Addr = u.Host; return nil },
			func(d *syslog.Destination) { d.Network = "tcp" }),
		"syslog+tls": config.SchemeOf(func(d *syslog.Destination, u *url.URL) error { d.Addr = u.Host; return nil },
			func(d *syslog.Destination) { d.Network, d.TLS = "tcp", &tlsconfig.Options{} }),
		"https": config.SchemeOf(func(d *https.Destination, u *url.URL) error {
			v := *u
			v.RawQuery = ""
			d.URL = v.String()
			return nil
		}),
		"console":  config.SchemeOf[console.Destination](nil),
		"file":     config.SchemeOf(func(d *file.Destination, u *url.URL) error { d.Path = u.Path; return nil }),
		"failover": config.SchemeOf[failover](nil),
		"picky": config.SchemeOf(func(d *picky, u *url.URL) error {
			d.Addr = u.Host
			d.Password, _ = u.User.Password()
			d.Topic = strings.TrimPrefix(u.Path, "/")
			q := u.Query()
			if acks := q.Get("acks"); acks != "" && acks != "all" {
				return errors.New("acks all, not " + u.String())
			}
			q.Del("acks")
			u.RawQuery = q.Encode()
			return nil
		}),
	}
}

// environment is a lookup that knows nothing of this process.
func environment(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, p := range pairs {
			if n, v, _ := strings.Cut(p, "="); n == name {
				return v, true
			}
		}
		return "", false
	}
}

func parse(t *testing.T, text string, env ...string) *config.Config {
	t.Helper()
	c, err := config.Parse("logging.yaml", []byte(text), &config.Options{Schemes: schemes(), Lookup: environment(env...)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type urlOf = url.URL

// sinkDestination is memory under a name, so that two of one name are alike.
type sinkDestination struct {
	Host string
	sink *memory.Sink
}

func (d sinkDestination) Open() (transport.Transport, error) { return d.sink.Open() }
