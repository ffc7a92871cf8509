package main

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/route"
)

// output runs the program with samples.
func output(t *testing.T, env, samples string) string {
	t.Helper()
	var out strings.Builder
	if err := explain(t.Context(), "logging.yaml", env, strings.NewReader(samples), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The samples go where the file says, in both environments.
func TestSamples(t *testing.T) {
	samples, err := os.ReadFile("samples.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	for env, want := range map[string][]string{
		"development": {
			`INFO "order paid"`, "- console  INFO is not in >=WARN",
			"+ console  WARN is in >=WARN", "to console", "http.status=503",
		},
		"production": {
			"+ syslog    INFO is in >=INFO; no other route took it", "unless Sample leaves it out", "to syslog logserver.internal:514", "order paid\n",
			`+ tenant-a  WARN is in >=INFO; tenant = "a" and 500 <= http.status`, "to https https://a.example/v1/logs", `"http":{"status":503,"path":"/pay"}`,
			"- syslog    tenant-a took it, and this is a fallback",
			`INFO "login" of audit`, "- tenant-a  audit took it and is final",
			"+ syslog    DEBUG is in >=DEBUG, the level of scope db.pool", `trace_id="4bf92f3577b34da6a3ce929d0e0e4736"`,
		},
	} {
		got := output(t, env, string(samples))
		for _, text := range want {
			at := strings.Index(got, text)
			if at < 0 {
				t.Errorf("%s: no %q, or not in this place, in\n%s", env, text, got)
				continue
			}
			got = got[at:]
		}
	}
}

func TestUnknownEnvironment(t *testing.T) {
	err := explain(t.Context(), "logging.yaml", "staging", strings.NewReader(""), io.Discard)
	var unknown *route.UnknownEnvironmentError
	if !errors.As(err, &unknown) || len(unknown.Known) != 2 {
		t.Errorf("%v does not list the environments", err)
	}
}

func TestParse(t *testing.T) {
	s, err := parse([]byte(`{"time":"2026-03-01T10:00:00Z","level":"notice","message":"m","a":1,"g":{"x":[1,"b",{"c":null}],"y":2.5},"b":true}`))
	if err != nil {
		t.Fatal(err)
	}
	if !s.record.Time.Equal(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)) || s.record.Level != route.LevelNotice || s.record.NumAttrs() != 3 {
		t.Errorf("%+v", s.record)
	}
	for _, line := range []string{"", "1", "[]", `{"level":"loud"}`, `{"time":"noon"}`, `{"a":`, `{"a":{`, `{"a":[1,`, `{"traceparent":"00-1"}`,
		`{"traceparent":"00-zzf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}`} {
		if _, err := parse([]byte(line)); err == nil {
			t.Errorf("%q is a sample", line)
		}
	}
	_, err = newSamples(strings.NewReader("\n\n{\"level\":\"loud\"}\n")).next()
	if err == nil || errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}
