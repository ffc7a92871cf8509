package crypto

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestNewKeyRefuses(t *testing.T) {
	good := []byte("0123456789abcdef0123456789abcdef")
	for _, c := range []struct {
		id     string
		secret []byte
	}{
		{"", good}, {"a b", good}, {"a.b", good}, {"ä", good}, {strings.Repeat("a", 33), good}, {"a", good[:31]}, {"a", append(good, 1)},
		{"a", nil}, {"a", make([]byte, 32)}, {"a", []byte(strings.Repeat("x", 32))},
	} {
		if k, err := NewKey(c.id, c.secret); !errors.Is(err, ErrKey) || k != nil {
			t.Errorf("%q, %d bytes: %v, %v", c.id, len(c.secret), k, err)
		}
	}
	k, err := NewKey("a", good)
	if err != nil {
		t.Fatal(err)
	}
	good[0] = 'X' // the key has a copy
	if k.secret()[0] != '0' {
		t.Error("the key has the caller's memory")
	}
}

func TestKeyringIDs(t *testing.T) {
	a, b, other := testKey(t, "a"), testKey(t, "b"), testKey(t, "a")
	r := testRing(t, a)
	if err := r.AddOpening(other); !errors.Is(err, ErrKey) {
		t.Errorf("another key of the same id: %v", err)
	}
	if err := r.AddOpening(a, b); err != nil {
		t.Errorf("the same key again: %v", err)
	}
	if err := r.Rotate(other); !errors.Is(err, ErrKey) || r.SealingID() != "a" {
		t.Errorf("rotated to another key of the same id: %v", err)
	}
	if err := r.Rotate(nil); !errors.Is(err, ErrKey) {
		t.Errorf("rotated to nil: %v", err)
	}
	if err := r.AddWrapper("b", xorWrapper{}); !errors.Is(err, ErrKey) {
		t.Errorf("a wrapper with a key's id: %v", err)
	}
	if err := r.AddWrapper("w", xorWrapper{}); err != nil {
		t.Error(err)
	}
	if err := r.Rotate(testKey(t, "w")); !errors.Is(err, ErrKey) {
		t.Errorf("a key with a wrapper's id: %v", err)
	}
	if ids := r.IDs(); !slices.Equal(slices.Sorted(slices.Values(ids)), []string{"a", "b", "w"}) {
		t.Errorf("ids %v", ids)
	}
	if _, err := NewKeyring(a, nil); !errors.Is(err, ErrKey) {
		t.Errorf("a nil key: %v", err)
	}
	if err := r.Close(); err != nil || r.SealingID() != "" {
		t.Errorf("closed: %v, seals with %q", err, r.SealingID())
	}
	if err := r.Rotate(b); !errors.Is(err, ErrClosed) {
		t.Errorf("rotated after Close: %v", err)
	}
	if r.Close() != nil || r.Ready(t.Context()) != nil {
		t.Error("Close again, or Ready without a service")
	}
}

// A Key or Keyring that no function of the package has made is refused, or has
// nothing. It does not end the program.
func TestNobodysKeys(t *testing.T) {
	good := testKey(t, "a")
	for what, f := range map[string]func() error{
		"a sealing key":  func() error { _, err := NewKeyring(&Key{}); return err },
		"an opening key": func() error { _, err := NewKeyring(good, &Key{}); return err },
		"rotating":       func() error { return testRing(t, good).Rotate(&Key{}) },
		"adding":         func() error { return testRing(t, good).AddOpening(good, new(Key)) },
	} {
		if err := f(); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := (Policy{}).Compile(testRing(t, good), &SealerOptions{HashKey: &Key{}}); !errors.Is(err, ErrPolicy) {
		t.Errorf("a hash key: %v", err)
	}
	var r Keyring
	if _, err := (Policy{}).Compile(&r, &SealerOptions{HashKey: good}); err != nil || len(r.IDs()) > 0 || r.String() == "" {
		t.Errorf("an empty ring: %v, %v", r.IDs(), err)
	}
	token := seal(t, compileWith(t, Policy{}, testRing(t, good)), testID, "a", slog.IntValue(1))
	if _, err := NewOpener(&r, nil).Open(t.Context(), token); openError(t, err) != ErrUnknownKey {
		t.Errorf("opened with an empty ring: %v", err)
	}
	if err := r.Rotate(good); err != nil || r.SealingID() != "a" {
		t.Errorf("an empty ring gets a key: %v", err)
	}
}

// A closed ring has let go of its source.
func TestReloadAfterClose(t *testing.T) {
	asked, key := 0, testKey(t, "a")
	r, err := LoadKeyring(t.Context(), func(context.Context) ([]*Key, error) {
		asked++
		return []*Key{key}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Reload(t.Context()); !errors.Is(err, ErrClosed) || asked != 1 {
		t.Errorf("%v, the source was asked %d times", err, asked)
	}
}

func TestParseKeys(t *testing.T) {
	a, b := testKey(t, "a"), testKey(t, "b")
	keys, err := ParseKeys("# comment\n\n  " + a.Text() + "\r\n" + b.Text())
	if err != nil || len(keys) != 2 || !keys[0].same(a) || !keys[1].same(b) || keys[0].ID() != "a" {
		t.Errorf("%v, %v", keys, err)
	}
	for _, bad := range []string{
		"", "# only\n", "a", a.Text() + " x", "a " + strings.Repeat("A", 20), "a !!!!", a.Text()[:len(a.Text())-2],
		a.Text() + "\n" + b.Text()[:20], "a.b " + a.Text()[2:], "a " + strings.Repeat("A", 43) + "=",
	} {
		if keys, err := ParseKeys(bad); !errors.Is(err, ErrKey) || keys != nil {
			t.Errorf("%q: %v, %v", bad, keys, err)
		}
	}
}

func writeKeys(t *testing.T, path string, mode os.FileMode, keys ...*Key) {
	t.Helper()
	var text strings.Builder
	for _, k := range keys {
		text.WriteString(k.Text() + "\n")
	}
	if err := os.WriteFile(path, []byte(text.String()), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

// A mounted secret is a link to a directory that is swapped. A file that is half
// written keeps the keys that are in use.
func TestReloadFile(t *testing.T) {
	dir := t.TempDir()
	one, two := testKey(t, "one"), testKey(t, "two")
	for _, d := range []string{"v1", "v2", "v3"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeKeys(t, filepath.Join(dir, "v1", "keys"), 0o600, one)
	writeKeys(t, filepath.Join(dir, "v2", "keys"), 0o600, two, one)
	if err := os.WriteFile(filepath.Join(dir, "v3", "keys"), []byte(two.Text()[:20]), 0o600); err != nil {
		t.Fatal(err)
	}
	link(t, dir, "v1")
	path := filepath.Join(dir, "keys")
	if err := os.Symlink(filepath.Join("..data", "keys"), path); err != nil {
		t.Skip(err) // Windows without the right to
	}
	r, err := LoadKeyring(t.Context(), FileSource(path, func(err error) { t.Error(err) }))
	if err != nil || r.SealingID() != "one" {
		t.Fatal(r, err)
	}
	before := seal(t, compileWith(t, Policy{}, r), testID, "a", slog.IntValue(1))
	head := string(r.sealing.Load().head)
	if err := r.Reload(t.Context()); err != nil || string(r.sealing.Load().head) != head {
		t.Errorf("nothing new, and another subkey: %v", err)
	}
	link(t, dir, "v2")
	if err := r.Reload(t.Context()); err != nil || r.SealingID() != "two" {
		t.Errorf("swapped: %v, %v", r, err)
	}
	link(t, dir, "v3")
	if err := r.Reload(t.Context()); !errors.Is(err, ErrKey) || r.SealingID() != "two" {
		t.Errorf("half written: %v, %v", r, err)
	}
	link(t, dir, "v4")
	if err := r.Reload(t.Context()); !errors.Is(err, os.ErrNotExist) || r.SealingID() != "two" {
		t.Errorf("gone: %v, %v", r, err)
	}
	open(t, r, before)
}

// link lets dir/..data lead to a version, in one step.
func link(t *testing.T, dir, version string) {
	t.Helper()
	tmp := filepath.Join(dir, "tmp")
	if err := os.Symlink(version, tmp); err != nil {
		t.Skip(err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
}

func TestSources(t *testing.T) {
	if _, err := LoadKeyring(t.Context(), FileSource(t.TempDir(), nil)); !errors.Is(err, ErrKey) {
		t.Errorf("a directory: %v", err)
	}
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, make([]byte, maxKeyFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeyring(t.Context(), FileSource(big, nil)); !errors.Is(err, ErrKey) {
		t.Errorf("a big file: %v", err)
	}
	broken := errors.New("broken")
	keys, fails := []*Key{testKey(t, "f1")}, false
	r, err := LoadKeyring(t.Context(), func(context.Context) ([]*Key, error) {
		if fails {
			return nil, broken
		}
		return keys, nil
	})
	if err != nil || r.SealingID() != "f1" {
		t.Fatal(err)
	}
	keys = []*Key{testKey(t, "f2"), keys[0]}
	if err := r.Reload(t.Context()); err != nil || r.SealingID() != "f2" {
		t.Errorf("a new key: %v, %v", r, err)
	}
	keys = nil
	if err := r.Reload(t.Context()); !errors.Is(err, ErrKey) || r.SealingID() != "f2" {
		t.Errorf("no keys: %v", err)
	}
	fails = true
	if err := r.Reload(t.Context()); !errors.Is(err, broken) || r.SealingID() != "f2" {
		t.Errorf("a source that fails: %v", err)
	}
	if err := testRing(t, nil).Reload(t.Context()); !errors.Is(err, ErrKey) {
		t.Errorf("no source: %v", err)
	}
}
