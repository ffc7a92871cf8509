package watch_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/route/config/watch"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
	"github.com/slogship/slogship/transport/tcp"
)

const interval = 5 * time.Second

// file returns a configuration whose one route is called name.
func file(name string) string {
	return "logging: {routes: [{name: " + name + ", output: 'tcp://logs:5170'}]}\n"
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, path string) *config.Config {
	t.Helper()
	c, err := config.Load(path, &config.Options{
		Schemes: config.Schemes{"tcp": config.SchemeOf(func(d *tcp.Destination, u *url.URL) error { d.Addr = u.Host; return nil })},
		Lookup:  func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// log is what a watcher has said.
type log struct {
	mu     sync.Mutex
	lines  []string // guarded by mu
	refuse error    // guarded by mu
}

func (l *log) refuses(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse = err
}

func (l *log) options() *watch.Options {
	return &watch.Options{
		Interval: interval,
		OnChange: func(c *config.Config) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			routes, err := c.Routes("any")
			if err == nil {
				err = l.refuse
			}
			if err != nil {
				return err
			}
			l.lines = append(l.lines, routes[0].Name+" "+routes[0].To.(tcp.Destination).Addr)
			return nil
		},
		OnError: func(err error) {
			kind := "error"
			for _, known := range []error{config.ErrUnknownKey, config.ErrRead, config.ErrVariable, errRefused} {
				if errors.Is(err, known) {
					kind = known.Error()
				}
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.lines = append(l.lines, kind)
		},
	}
}

var errRefused = errors.New("refused")

// after returns what was said within some intervals, and forgets it.
func (l *log) after(intervals int) string {
	time.Sleep(time.Duration(intervals) * interval)
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	said := strings.Join(l.lines, ", ")
	l.lines = nil
	return said
}

func (l *log) expect(t *testing.T, what string, intervals int, want string) {
	t.Helper()
	if got := l.after(intervals); got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "logging.yaml")
		write(t, path, file("a"))
		l := &log{}
		w := watch.Start(load(t, path), l.options())
		defer w.Close()

		l.expect(t, "nothing has changed", 10, "")
		if err := os.Chtimes(path, time.Now(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		l.expect(t, "the time alone has changed", 10, "")
		write(t, path, file("b"))
		l.expect(t, "one look is not enough", 1, "")
		l.expect(t, "written in place", 1, "b logs:5170")
		l.expect(t, "once", 10, "")

		write(t, path+".new", file("c"))
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
		l.expect(t, "renamed over", 2, "c logs:5170")
		write(t, path, file("d"))
		l.expect(t, "changed, and …", 1, "")
		write(t, path, file("c"))
		l.expect(t, "… back before it counted", 10, "")
	})
}

// A file that is being written may be valid while it lacks its end.
func TestHalfAFileIsNotPutInForce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "logging.yaml")
		write(t, path, file("a"))
		l := &log{}
		w := watch.Start(load(t, path), l.options())
		defer w.Close()
		whole := "logging:\n  routes:\n    - {name: b, output: 'tcp://b:1'}\n    - {name: c, output: 'tcp://c:1'}\n"
		for n := range strings.SplitAfterSeq(whole, "\n") {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if strings.HasPrefix(n, "logging") {
				f, err = os.OpenFile(path, os.O_TRUNC|os.O_WRONLY, 0)
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(n); err != nil {
				t.Fatal(err)
			}
			f.Close()
			if n != "" {
				l.expect(t, "while it is written", 1, "")
			}
		}
		l.expect(t, "when it is complete", 1, "b b:1")
	})
}

// What is wrong is said once, and the old configuration stays until there is a
// good one.
func TestBadFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "logging.yaml")
		write(t, path, file("a"))
		l := &log{}
		w := watch.Start(load(t, path), l.options())
		defer w.Close()

		write(t, path, "logging: {rutes: []}")
		l.expect(t, "a bad file", 10, config.ErrUnknownKey.Error())
		write(t, path, file("a"))
		l.expect(t, "the old one again, which is in force", 10, "")
		write(t, path, "logging: {rutes: []}")
		l.expect(t, "the same mistake later", 10, config.ErrUnknownKey.Error())
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		l.expect(t, "no file", 10, config.ErrRead.Error())
		write(t, path, file("b"))
		l.expect(t, "a good one", 10, "b logs:5170")

		l.refuses(errRefused)
		write(t, path, file("c"))
		l.expect(t, "one that is refused", 10, errRefused.Error())
		l.refuses(nil)
		l.expect(t, "and is not any more", 1, "c logs:5170")
		l.expect(t, "once", 10, "")
	})
}

// A secret that appears, and one that is rotated, with the same file.
func TestSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		path, secret := filepath.Join(dir, "logging.yaml"), filepath.ToSlash(filepath.Join(dir, "host"))
		write(t, path, file("a"))
		l := &log{}
		w := watch.Start(load(t, path), l.options())
		defer w.Close()
		write(t, path, fmt.Sprintf("logging: {routes: [{name: b, output: 'tcp://${file:%s}:1'}]}\n", secret))
		l.expect(t, "the secret is not there", 10, config.ErrVariable.Error())
		write(t, secret, "one\n")
		l.expect(t, "it has come", 2, "b one:1")
		write(t, secret, "two\n")
		l.expect(t, "it is rotated", 2, "b two:1")
		l.expect(t, "once", 10, "")
	})
}

// Kubernetes mounts a ConfigMap as links into a directory that is a link itself,
// and swaps that one.
func TestSwappedLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		swap := func(version, text string) {
			if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, version, "logging.yaml"), text)
			if err := os.Symlink(version, filepath.Join(dir, "..tmp")); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data")); err != nil {
				t.Fatal(err)
			}
		}
		swap("..1", file("a"))
		path := filepath.Join(dir, "logging.yaml")
		if err := os.Symlink("..data/logging.yaml", path); err != nil {
			t.Fatal(err)
		}
		l := &log{}
		w := watch.Start(load(t, path), l.options())
		defer w.Close()
		swap("..2", file("b"))
		l.expect(t, "swapped", 2, "b logs:5170")
		if err := os.RemoveAll(filepath.Join(dir, "..1")); err != nil {
			t.Fatal(err)
		}
		l.expect(t, "the old one removed", 5, "")
	})
}

// What was changed between Load and Start is not lost.
func TestChangeBeforeStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "logging.yaml")
		write(t, path, file("a"))
		c := load(t, path)
		write(t, path, file("b"))
		l := &log{}
		w := watch.Start(c, l.options())
		defer w.Close()
		l.expect(t, "changed before", 2, "b logs:5170")
	})
}

// Close waits for a change under way, nothing is called after it, and the
// goroutine has ended: synctest fails a test that leaves one.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "logging.yaml")
		write(t, path, file("a"))
		calls, ended := 0, false
		w := watch.Start(load(t, path), &watch.Options{OnChange: func(*config.Config) error {
			calls++
			time.Sleep(time.Minute)
			ended = true
			return nil
		}})
		write(t, path, file("b"))
		time.Sleep(2*interval + time.Second) // the default interval is this one
		w.Close()
		if !ended || calls != 1 {
			t.Errorf("%d calls, ended %v", calls, ended)
		}
		w.Close()
		write(t, path, file("c"))
		time.Sleep(10 * interval)
		if calls != 1 {
			t.Error("called after Close")
		}
	})
}

// With a handler: records go where the file says, and stay there when a new file
// is bad.
func TestHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sinks := map[string]*memory.Sink{"a": memory.New(), "b": memory.New()}
		path := filepath.Join(t.TempDir(), "logging.yaml")
		route := func(host string) string {
			return "logging: {level: INFO, routes: [{name: main, output: 'sink://" + host + "'}]}"
		}
		write(t, path, route("a"))
		cfg, err := config.Load(path, &config.Options{
			OnNotice: func(string) {},
			Schemes: config.Schemes{"sink": config.SchemeOf(func(d *destination, u *url.URL) error {
				d.Host, d.sinks = u.Host, sinks
				return nil
			})},
		})
		if err != nil {
			t.Fatal(err)
		}
		h, err := cfg.Open("any")
		if err != nil {
			t.Fatal(err)
		}
		bad := 0
		w := watch.Start(cfg, &watch.Options{
			OnChange: func(c *config.Config) error { return c.Apply(h, "any") },
			OnError:  func(error) { bad++ },
		})
		for _, text := range []string{route("a"), route("b"), route("nowhere"), "logging: {}"} {
			write(t, path, text)
			time.Sleep(3 * interval)
			synctest.Wait()
			slog.New(h).Info("m")
			if err := h.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		}
		w.Close()
		if a, b := len(sinks["a"].Records()), len(sinks["b"].Records()); a != 1 || b != 3 || bad != 2 {
			t.Errorf("a got %d, b %d, and %d files were bad", a, b, bad)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// destination is one of sinks, by its name.
type destination struct {
	Host  string
	sinks map[string]*memory.Sink
}

func (d destination) Open() (transport.Transport, error) {
	sink := d.sinks[d.Host]
	if sink == nil {
		return nil, errors.New("no such sink")
	}
	return sink.Open()
}
