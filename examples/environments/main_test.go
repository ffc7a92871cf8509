package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/slogship/slogship/route"
)

// Code and file say the same, in every environment, and both are valid.
func TestCodeAndFileAgree(t *testing.T) {
	for _, collector := range []string{"", "logs.example"} {
		t.Setenv("COLLECTOR", collector)
		var out strings.Builder
		if err := run(&out, ""); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); strings.Count(got, "in code and file alike") != 3 || strings.Contains(got, "OTHERWISE") {
			t.Error(got)
		}
	}
	if err := environments("logs").Validate(); err != nil {
		t.Error(err)
	}
}

// What goes where, as the lines with a + say it.
func TestWhatGoesWhere(t *testing.T) {
	for env, want := range map[string]string{
		"development": "cache warmed: console; order paid: console; slow query: console; role granted: console; the disk is gone: console",
		"staging":     "cache warmed: everything; order paid: collector everything; slow query: everything; role granted: audit; the disk is gone: collector everything",
		"production":  "cache warmed: ; order paid: collector; slow query: ; role granted: audit; the disk is gone: collector pager",
	} {
		var out strings.Builder
		if err := run(&out, env); err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			if _, message, ok := strings.Cut(line, ` "`); ok && line[0] >= 'A' && line[0] <= 'Z' {
				message, _, _ = strings.Cut(message, `"`)
				got = append(got, message+":")
			}
			if name, ok := strings.CutPrefix(line, "+ "); ok {
				got[len(got)-1] += " " + strings.Fields(name)[0]
			}
		}
		want = strings.ReplaceAll(want+";", ": ;", ":;")
		if text := strings.Join(got, "; ") + ";"; text != want {
			t.Errorf("%s:\n%s\nwant\n%s\n%s", env, text, want, out.String())
		}
	}
}

func TestUnknownEnvironment(t *testing.T) {
	var unknown *route.UnknownEnvironmentError
	if err := run(new(strings.Builder), "produktion"); !errors.As(err, &unknown) || len(unknown.Known) != 3 {
		t.Errorf("%v", err)
	}
}
