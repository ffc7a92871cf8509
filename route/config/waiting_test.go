package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/memory"
)

// What waits for the next start, key by key: what a handler takes over does not.
func TestWaiting(t *testing.T) {
	const routes = "  routes: [{name: a, output: 'picky://mq'}]\n"
	lookup := map[string]string{"ZONE": "eu"}
	load := func(section string) *config.Config {
		t.Helper()
		c, err := config.Parse("f", []byte("logging:\n"+section+routes), &config.Options{
			Schemes: schemes(), Lookup: func(name string) (string, bool) { v, ok := lookup[name]; return v, ok },
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, c := range []struct{ was, is, want string }{
		{"", "", ""},
		{"  level: INFO\n", "  level: DEBUG\n  rename: {x: a}\n", ""},
		{"  buffer: {dir: /a}\n", "  buffer: {dir: /b, max_disk: 2GB}\n", "logging.buffer.dir logging.buffer.max_disk"},
		{"  buffer: {dir: /a, min_free: 1MiB}\n", "  buffer: {dir: /a, min_free: 1024KiB}\n", ""},
		{"", "  buffer: {dir: /a}\n", "logging.buffer"},
		{"  buffer: {dir: /a}\n", "", "logging.buffer"},
		{"", "  add_source: true\n  stack_from: WARN\n", "logging.add_source logging.stack_from"},
		{"  resource: {service: a}\n", "  resource: {service: a, version: '2'}\n", "logging.resource.version"},
		// Two texts of one length with the same first byte.
		{"  resource: {attrs: {zone: eu-1}}\n", "  resource: {attrs: {zone: eu-2}}\n", "logging.resource.attrs"},
		{"  resource: {attrs: {g: {a: 1}}}\n", "  resource: {attrs: {g: {a: 1}}}\n", ""},
		{"  fields: {rules: [{key: a, do: drop}]}\n", "  fields: {rules: [{key: b, do: drop}]}\n", "logging.fields"},
		{"  fields: {rules: [{key: a, do: drop}]}\n", "  fields: {rules: [{key: a, do: drop}]}\n", ""},
		{"  sealing: {keys_file: /a}\n", "  sealing: {keys_file: /b, hash_key_file: /c}\n", "logging.sealing.keys_file logging.sealing.hash_key_file"},
	} {
		was, is := load(c.was), load(c.is)
		got := is.Waiting(was)
		if want := strings.Fields(c.want); !slices.Equal(sorted(got), sorted(want)) {
			t.Errorf("from %q to %q: %q, want %q", c.was, c.is, got, want)
		}
	}
	const variable = "  resource: {service: '${ZONE}'}\n"
	was := load(variable)
	lookup["ZONE"] = "us"
	if got := load(variable).Waiting(was); !slices.Equal(got, []string{"logging.resource.service"}) {
		t.Errorf("another value of a variable: %q", got)
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

// Apply says once for each change what waits, and nothing when it is as it was.
func TestApplySaysWhatWaits(t *testing.T) {
	f := newRewritten(t, sinkRoute)
	h, err := f.current.Open("any")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	for i, step := range []struct{ section, keys string }{
		{"", ""},
		{"add_source: true, ", "logging.add_source"},
		{"add_source: true, level: INFO, ", ""}, // that one is in force
		{"add_source: true, resource: {service: s}, ", "logging.resource.service"},
		{"add_source: true, resource: {service: s2}, ", "logging.resource.service"}, // changed once more
		{"", ""}, // as the handler was opened
		{"add_source: true, ", "logging.add_source"},
		{"buffer: {dir: /x}, ", "logging.buffer"},
		{"buffer: {dir: /x, max_disk: 2GB}, ", "logging.buffer"},
	} {
		next := f.rewrite(step.section + sinkRoute)
		if err := next.Apply(h, "any"); err != nil {
			t.Fatal(err)
		}
		_, keys, _ := strings.Cut(strings.Join(f.said, "|"), " only: ")
		if keys != step.keys || len(f.said) > 1 {
			t.Errorf("step %d, %q: %q, want %q", i, step.section, f.said, step.keys)
		}
	}
	// What is refused has changed nothing, so it says nothing either.
	bad := f.rewrite("stack_from: WARN, routes: [{name: a, output: 'picky://mq/refused'}]")
	if bad.Apply(h, "any") == nil || len(f.said) != 0 {
		t.Errorf("refused, and said %q", f.said)
	}
}

// Open begins anew: what waited for it waits no more.
func TestOpenIsTheNextStart(t *testing.T) {
	f := newRewritten(t, sinkRoute)
	const changed = "add_source: true, " + sinkRoute
	h, err := f.rewrite(changed).Open("any")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	if f.rewrite(changed).Apply(h, "any") != nil || len(f.said) != 0 {
		t.Errorf("it was opened with it: %q", f.said)
	}
}

const sinkRoute = "routes: [{name: a, output: 'sink://a'}]"

// rewritten is a file that is read again each time it has another text. It belongs
// to the test's goroutine, which is the one that notices come on.
type rewritten struct {
	t       *testing.T
	path    string
	current *config.Config
	said    []string // since the last rewrite
}

func newRewritten(t *testing.T, section string) *rewritten {
	t.Helper()
	f := &rewritten{t: t, path: filepath.Join(t.TempDir(), "logging.yaml")}
	f.write(section)
	c, err := config.Load(f.path, &config.Options{
		Schemes: sinkSchemes(map[string]*memory.Sink{"a": memory.New()}), OnNotice: func(n string) { f.said = append(f.said, n) },
	})
	if err != nil {
		t.Fatal(err)
	}
	f.current = c
	return f
}

func (f *rewritten) write(section string) {
	f.t.Helper()
	if err := os.WriteFile(f.path, []byte("logging: {"+section+"}"), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// rewrite returns what the file says with that section.
func (f *rewritten) rewrite(section string) *config.Config {
	f.t.Helper()
	f.write(section)
	c, err := f.current.Reread()
	if err != nil {
		f.t.Fatal(err)
	}
	f.current, f.said = c, nil
	return c
}

// Notices about the files of keys: said also where no record waits, once, and by
// any number of goroutines.
func TestNoticesOfKeys(t *testing.T) {
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	keyFile(t, keys, "a")
	if err := os.Chmod(keys, 0o644); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(keys); err != nil || info.Mode().Perm() != 0o644 {
		t.Skip("no such modes here")
	}
	var said []string // of this goroutine: Open calls it
	c, err := config.Parse("f", []byte("logging: {sealing: {keys_file: "+filepath.ToSlash(keys)+"}, routes: [{name: a, output: stderr, direct: true}]}"),
		&config.Options{Schemes: schemes(), OnNotice: func(n string) { said = append(said, n) }})
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.Open("any")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	if len(said) != 1 || !strings.Contains(said[0], keys) {
		t.Errorf("said %q, want that others may read the file", said)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := c.Apply(h, "any"); err != nil {
				t.Error(err)
			}
			c.Notices()
		})
	}
	all.Wait()
	if got := c.Notices(); len(got) != 2 {
		t.Errorf("%q, want that of the file and that of the memory", got)
	}
}
