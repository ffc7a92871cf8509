package main

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
)

// newKey makes a key with the command itself.
func newKey(t *testing.T, id string) (file string, key *crypto.Key) {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"-new", id}, nil, &out, &errs); status != 0 {
		t.Fatal(status, errs.String())
	}
	file = filepath.Join(t.TempDir(), "log.keys")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := crypto.ParseKeys(out.String())
	if err != nil {
		t.Fatal(err)
	}
	return file, keys[0]
}

// line is one record with a sealed value, as JSON lines or logfmt have it.
func line(t *testing.T, key *crypto.Key, e encode.Encoder, v any) string {
	t.Helper()
	ring, err := crypto.NewKeyring(key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := crypto.Policy{Rules: []crypto.Rule{{Key: "secret"}}}.Compile(ring, &crypto.SealerOptions{Service: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	id := encode.ID{1, 2, 3}
	sc := crypto.Scratch{Record: id}
	a, _ := s.Top().Attr(&sc, slog.Any("secret", v))
	out, err := e.AppendRecord(nil, &encode.Record{ID: id, Message: "m", Attrs: []slog.Attr{a, slog.Int("n", 1)}})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(out), "\n") + "\n"
}

// S31: the command opens what is sealed: files and standard input, JSON and not.
func TestS31_Unseal(t *testing.T) {
	file, key := newKey(t, "2026-11")
	_, foreign := newKey(t, "2026-05")
	json, text := line(t, key, encode.JSONLines{}, 42), line(t, key, encode.Logfmt{}, "two words")
	other := line(t, foreign, encode.JSONLines{}, "x")
	log := filepath.Join(t.TempDir(), "shop.log")
	if err := os.WriteFile(log, []byte(json+"plain\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args   []string
		in     string
		status int
		out    []string
		errs   string
	}{
		"a file":           {[]string{"-key", file, log}, "", 0, []string{`"secret":42,"n":1`, "plain\n", `secret="two words"`}, "opened 2\n"},
		"standard input":   {[]string{"-key", file}, json, 0, []string{`"secret":42`}, "standard input: opened 1\n"},
		"another's key":    {[]string{"-key", file}, other + json, 1, []string{`"secret":"!UNKNOWN_KEY ` + crypto.Prefix, `"secret":42`}, "opened 1, of unknown keys 1\n"},
		"changed":          {[]string{"-key", file}, strings.Replace(json, `~"`, `A~"`, 1), 1, []string{"!TAMPERED "}, "opened 0, tampered 1\n"},
		"in its place":     {[]string{"-key", file, "-places"}, json, 0, []string{`"secret":42`}, "opened 1\n"},
		"moved":            {[]string{"-key", file, "-places"}, strings.Replace(json, `"secret"`, `"other"`, 1), 1, []string{"!MOVED "}, "moved 1\n"},
		"another service":  {[]string{"-key", file, "-service", "till"}, json, 1, []string{"!MOVED "}, "moved 1\n"},
		"two files":        {[]string{"-key", file, log, log}, "", 0, []string{"plain"}, "opened 2\n"},
		"a file is gone":   {[]string{"-key", file, log + "x", log}, "", 2, []string{`"secret":42`}, "opened 2\n"},
		"no key":           {nil, "", 2, nil, "usage"},
		"a bad flag":       {[]string{"-x"}, "", 2, nil, "usage"},
		"help":             {[]string{"-h"}, "", 0, nil, "usage"},
		"a key file is no": {[]string{"-key", log}, "", 2, nil, "crypto"},
		"a bad id":         {[]string{"-new", "a b"}, "", 2, nil, "crypto"},
	} {
		var out, errs bytes.Buffer
		status := run(t.Context(), c.args, strings.NewReader(c.in), &out, &errs)
		if status != c.status || !strings.Contains(errs.String(), c.errs) {
			t.Errorf("%s: status %d, want %d: %s", name, status, c.status, errs.String())
		}
		for _, want := range c.out {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %q is not in %q", name, want, out.String())
			}
		}
	}
	var errs bytes.Buffer
	if status := run(t.Context(), []string{"-key", file}, iotest.ErrReader(errors.New("broken")), &errs, &errs); status != 2 {
		t.Errorf("an input that fails: status %d", status)
	}
}
