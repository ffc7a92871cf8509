package config_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
)

// sinkTo sends to a sink.
type sinkTo struct{ sink *memory.Sink }

func (d sinkTo) Open() (transport.Transport, error) { return d.sink.Open() }

// keyFile writes new keys as files have them, ahead of those that are there.
func keyFile(t *testing.T, path string, ids ...string) {
	t.Helper()
	var text strings.Builder
	for _, id := range ids {
		key, err := crypto.GenerateKey(id)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&text, key.Text())
	}
	before, _ := os.ReadFile(path) // none: it is the first
	text.Write(before)
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Policies and keys of a file: sealed with the first key, hashed, and with the
// new key after Apply.
func TestSealing(t *testing.T) {
	dir, sink := t.TempDir(), memory.New()
	keys, hash := filepath.Join(dir, "keys"), filepath.Join(dir, "hash")
	keyFile(t, keys, "first")
	keyFile(t, hash, "index")
	text := fmt.Sprintf(`logging:
  sealing: {keys_file: %s, hash_key_file: %s}
  fields:
    rules:
      - {key: secret}
      - {key: user, do: hash}
  routes:
    - {name: a, output: "sink://a"}
`, keys, hash)
	opts := &config.Options{Schemes: config.Schemes{"sink": config.SchemeOf(func(d *sinkTo, _ *url.URL) error { d.sink = sink; return nil })}, OnNotice: func(string) {}}
	cfg, err := config.Parse("logging.yaml", []byte(text), opts)
	if err != nil {
		t.Fatal(err)
	}
	h, err := cfg.Open("production")
	if err != nil {
		t.Fatal(err)
	}
	slog.New(h).Info("x", "secret", "s", "user", "u")
	keyFile(t, keys, "second")
	if err := cfg.Apply(h, "production"); err != nil {
		t.Fatal(err)
	}
	slog.New(h).Info("y", "secret", "s", "user", "u")
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	recs := sink.Records()
	for i, id := range []string{"first", "second"} {
		if got := memory.Attr(recs[i], "secret").String(); !strings.HasPrefix(got, crypto.Prefix+id+".") {
			t.Errorf("record %d: secret is %q, want it sealed with %s", i, got, id)
		}
	}
	if a, b := memory.Attr(recs[0], "user"), memory.Attr(recs[1], "user"); !strings.HasPrefix(a.String(), crypto.HashPrefix) || !a.Equal(b) {
		t.Errorf("users are %v and %v", a, b)
	}
}

// What is wrong with the files of keys names the key, and Parse needs none of
// them.
func TestSealingErrors(t *testing.T) {
	dir := t.TempDir()
	two := filepath.Join(dir, "two")
	keyFile(t, two, "a", "b")
	for name, c := range map[string]struct{ sealing, key string }{
		"missing":  {"keys_file: " + filepath.Join(dir, "none"), "logging.sealing.keys_file"},
		"two keys": {"hash_key_file: " + two, "logging.sealing.hash_key_file"},
	} {
		text := "logging:\n  sealing: {" + c.sealing + "}\n  routes:\n    - {output: stdout}\n"
		cfg, err := config.Parse("logging.yaml", []byte(text), &config.Options{Schemes: config.Schemes{"stdout": config.SchemeOf(func(*sinkTo, *url.URL) error { return nil })}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = cfg.Open("x")
		if e, ok := errors.AsType[*config.Error](err); !ok || e.Key != c.key {
			t.Errorf("%s: %v", name, err)
		}
	}
}
