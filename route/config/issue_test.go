package config_test

import (
	"bufio"
	"context"
	_ "embed"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/memory"
	"github.com/slogship/slogship/transport/syslog"
)

// issue is the file that has to load as it stands, to the byte.
//
//go:embed testdata/issue.yaml
var issue string

func TestFileOfTheIssue(t *testing.T) {
	c := parse(t, issue)
	if got := c.Environments(); !reflect.DeepEqual(got, []string{"development", "production"}) {
		t.Errorf("environments %q", got)
	}
	production, err := c.Routes("production")
	if err != nil || len(production) != 1 {
		t.Fatal(production, err)
	}
	if d, ok := production[0].To.(syslog.Destination); !ok || d.Addr != "logserver.prod:514" {
		t.Errorf("%#v", production[0].To)
	}
	if production[0].Name != "production-syslog-logserver-prod-514" {
		t.Errorf("it is called %q", production[0].Name)
	}
	development, err := c.Routes("development")
	if err != nil || len(development) != 1 {
		t.Fatal(development, err)
	}
	if _, ok := development[0].To.(console.Destination); !ok || development[0].Name != "development-stdout" {
		t.Errorf("%#v", development[0])
	}
	if o := c.HandlerOptions(); !o.InMemory || o.Levels.String() != "WARN" || len(c.Notices()) != 1 {
		t.Errorf("%+v %q", o, c.Notices())
	}
}

// What each environment takes, through a handler. The destinations alone are
// replaced by memory.
func TestFileOfTheIssueRoutes(t *testing.T) {
	levels := []slog.Level{route.LevelTrace, slog.LevelDebug, slog.LevelInfo, route.LevelNotice, slog.LevelWarn, slog.LevelError, route.LevelFatal}
	for env, want := range map[string][]slog.Level{"development": levels, "production": {slog.LevelWarn, slog.LevelError, route.LevelFatal}} {
		c := parse(t, issue)
		routes, err := c.Routes(env)
		if err != nil {
			t.Fatal(err)
		}
		sink := memory.New()
		routes[0].To, routes[0].Direct = sink, true
		h, err := handler.New(routes, c.HandlerOptions())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range levels {
			slog.New(h).Log(t.Context(), l, "m")
		}
		var got []slog.Level
		for _, r := range sink.Records() {
			got = append(got, r.Level)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s got %v, want %v", env, got, want)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// FATAL reaches production's syslog, octet-counted over TCP, from a file and a
// call of Open.
func TestFatalReachesSyslog(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			got <- err.Error()
			return
		}
		defer conn.Close()
		line := make([]byte, 4096)
		n, _ := bufio.NewReader(conn).Read(line)
		got <- string(line[:n])
	}()
	c := parse(t, strings.ReplaceAll(issue, "logserver.prod:514", l.Addr().String()))
	h, err := c.Open("production")
	if err != nil {
		t.Fatal(err)
	}
	slog.New(h).Info("below")
	slog.New(h).Log(t.Context(), route.LevelFatal, "the end")
	message := <-got
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = h.Close(ctx) // the receiver has gone
	length, rest, _ := strings.Cut(message, " ")
	if length == "" || !strings.HasPrefix(rest, "<10>1 ") || !strings.Contains(rest, "the end") {
		t.Errorf("%q", message) // user.crit
	}
}
