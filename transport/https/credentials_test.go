package https_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
)

// Basic authorization: from the URL, and from a file.
func TestUserAndPassword(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "p@ss/word" {
			w.WriteHeader(401)
		}
	})
	d := server.destination()
	d.URL = "https://me:p%40ss%2Fword@" + server.Listener.Addr().String()
	testkit.Deliver(t, testkit.Open(t, d), batch(0, 1))

	d.URL, d.Username = server.URL, "me"
	d.PasswordFile = testpki.File(t, t.TempDir(), "password", []byte("p@ss/word\n"))
	testkit.Deliver(t, testkit.Open(t, d), batch(0, 1))
}

func TestAuthorize(t *testing.T) {
	server := serve(t, nil)
	d := server.destination()
	calls := 0
	fail := errors.New("no token today")
	values := []string{"Bearer one", "Bearer two\n", "", "bad\x00value"}
	d.Authorize = func(ctx context.Context) (string, error) {
		if calls++; calls > len(values) {
			return "", fail
		}
		return values[calls-1], ctx.Err()
	}
	tr := testkit.Open(t, d)
	for _, want := range []string{"Bearer one", "Bearer two", ""} {
		testkit.Deliver(t, tr, batch(0, 1))
		if _, h := server.taken(); h.Get("Authorization") != want {
			t.Errorf("Authorization %q, want %q", h.Get("Authorization"), want)
		}
	}
	for range 2 { // a value that cannot be sent, then an error
		err := tr.Send(t.Context(), batch(0, 1))
		if out := transport.Classify(err, 1); err == nil || out != (transport.Outcome{}) {
			t.Errorf("Send = %v, want a plain error", err)
		}
		if calls > len(values) && !errors.Is(err, fail) {
			t.Errorf("Send = %v, want Authorize's own error in it", err)
		}
	}
	if got, _ := server.taken(); len(got) != 3 {
		t.Errorf("%d records arrived, want 3: nothing goes without its credentials", len(got))
	}
}

// TestTokenRotation: a new token is in the next request, with symbolic links
// swapped as a mounted secret's are, and without its last newline.
func TestTokenRotation(t *testing.T) {
	server := serve(t, nil)
	dir := t.TempDir()
	link := func(target string) {
		tmp := filepath.Join(dir, "..tmp")
		if err := os.Symlink(target, tmp); err != nil {
			t.Skip("no symbolic links here:", err)
		}
		if err := os.Rename(tmp, filepath.Join(dir, "token")); err != nil {
			t.Fatal(err)
		}
	}
	testpki.File(t, dir, "v1", []byte("token-1\n"))
	testpki.File(t, dir, "v2", []byte("  token-2\r\n"))
	link("v1")
	for _, name := range []string{"", "x-api-key"} {
		d := server.destination()
		d.TokenFile, d.TokenHeader = filepath.Join(dir, "token"), name
		tr := testkit.Open(t, d)
		for _, version := range []string{"1", "2", "1"} {
			link("v" + version)
			testkit.Deliver(t, tr, batch(0, 1))
			_, h := server.taken()
			got, want := h.Get("Authorization"), "Bearer token-"+version
			if name != "" {
				got, want = h.Get(name), "token-"+version
			}
			if got != want {
				t.Errorf("TokenHeader %q: sent %q, want %q", name, got, want)
			}
		}
	}
}

// TestTokenFileMissing: the last token serves while the file is away, until the
// server refuses it; then the error names the file, and the new one is used as
// soon as it is there.
func TestTokenFileMissing(t *testing.T) {
	var valid atomic.Pointer[string]
	accept := func(token string) { s := "Bearer " + token; valid.Store(&s) }
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != *valid.Load() {
			w.WriteHeader(401)
		}
	})
	dir := t.TempDir()
	d := server.destination()
	d.TokenFile = testpki.File(t, dir, "token", []byte("old"))
	accept("old")
	tr := testkit.Open(t, d)
	testkit.Deliver(t, tr, batch(0, 1))

	for _, breakFile := range []func() error{
		func() error { return os.Remove(d.TokenFile) },
		func() error { return os.WriteFile(d.TokenFile, nil, 0o600) },
		func() error { return os.WriteFile(d.TokenFile, []byte("a\nb"), 0o600) },
	} {
		if err := breakFile(); err != nil {
			t.Fatal(err)
		}
		testkit.Deliver(t, tr, batch(0, 1)) // the last good one
	}
	if err := os.Remove(d.TokenFile); err != nil {
		t.Fatal(err)
	}
	accept("new")
	if err := tr.Send(t.Context(), batch(0, 1)); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a stale token: %v, want the server's 401", err)
	}
	if err := tr.Send(t.Context(), batch(0, 1)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the 401: %v, want the file's error", err)
	}
	testpki.File(t, dir, "token", []byte("new"))
	testkit.Deliver(t, tr, batch(0, 1))
	if err := os.Remove(d.TokenFile); err != nil {
		t.Fatal(err)
	}
	testkit.Deliver(t, tr, batch(0, 1)) // the 401 was about another token
}
