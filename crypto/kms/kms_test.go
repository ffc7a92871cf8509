package kms_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/crypto/kms"
	"github.com/slogship/slogship/internal/testkit"
	"gocloud.dev/secrets/hashivault"
	"gocloud.dev/secrets/localsecrets"

	"github.com/hashicorp/vault/api"
)

// roundTrip seals with one process's keyring and opens with another's, which
// has nothing but the service.
func roundTrip(t *testing.T, w crypto.Wrapper, other crypto.Wrapper) {
	t.Helper()
	ctx := t.Context()
	ring, err := crypto.NewEnvelopeKeyring("kek", w, &crypto.EnvelopeOptions{OnError: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	if err := ring.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	s, err := crypto.Policy{Rules: []crypto.Rule{{Key: "iban"}}}.Compile(ring, nil)
	if err != nil {
		t.Fatal(err)
	}
	var sc crypto.Scratch
	sealed, ok := s.Top().Attr(&sc, slog.String("iban", "DE02120300000000202051"))
	if !ok || !strings.HasPrefix(sealed.Value.String(), crypto.Prefix) {
		t.Fatalf("sealed: %v, %v", sealed, ok)
	}
	t.Logf("a token of %d characters", len(sealed.Value.String()))
	opening, err := crypto.NewKeyring(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := opening.AddWrapper("kek", other); err != nil {
		t.Fatal(err)
	}
	v, err := crypto.NewOpener(opening, nil).Open(ctx, sealed.Value.String())
	if err != nil || v.Value.String() != "DE02120300000000202051" {
		t.Errorf("opened: %v, %v", v, err)
	}
}

func open(t *testing.T, url string) *kms.Wrapper {
	t.Helper()
	w, err := kms.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

const localKey = "base64key://smGbjm71Nxd1Ig5FS0wj9SlbzAIrnolCz9bQQ6uAhl4="

func TestLocalKeeper(t *testing.T) {
	roundTrip(t, open(t, localKey), open(t, localKey))
	k, err := localsecrets.NewRandomKey()
	if err != nil {
		t.Fatal(err)
	}
	w := kms.FromKeeper(localsecrets.NewKeeper(k))
	defer w.Close()
	roundTrip(t, w, w)
}

// A wrapped key that another key wrapped, or that was changed, is refused.
func TestUnwrapRefuses(t *testing.T) {
	w := open(t, localKey)
	wrapped, err := w.Wrap(t.Context(), make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for i := range wrapped {
		changed := append([]byte(nil), wrapped...)
		changed[i] ^= 1
		if _, err := w.Unwrap(t.Context(), changed); err == nil {
			t.Fatalf("byte %d changed: unwrapped", i)
		}
	}
}

// S10: what is in a URL is in no error, however the error is printed.
func TestS10_URLs(t *testing.T) {
	const canary = "s3cr3tCANARYv4lue"
	for _, url := range []string{
		"base64key://" + canary, "base64key://" + canary + "%zz", "nokms://" + canary + "@host/?a=" + canary,
		canary, "://" + canary, "base64key://u:" + canary + "@h", "base64key://?" + canary, "\x7f" + canary,
		"hashivault://" + canary + "?unknown=" + canary,
	} {
		w, err := kms.Open(t.Context(), url)
		if !errors.Is(err, kms.ErrURL) {
			t.Errorf("%q: %v, %v", url, w, err)
			continue
		}
		if strings.Contains(testkit.Prints(err), canary) {
			t.Errorf("%q: the error shows it: %v", url, err)
		}
	}
}

// transit answers as Vault's transit engine does, with base64 for encryption.
func transit(t *testing.T, down func() bool) *httptest.Server {
	mux := http.NewServeMux()
	answer := func(field, from string, change func(string) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var in map[string]string
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil || down() {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			json.NewEncoder(w).Encode(map[string]any{"data": map[string]string{field: change(in[from])}})
		}
	}
	mux.HandleFunc("/v1/transit/encrypt/logs", answer("ciphertext", "plaintext", func(s string) string {
		return "vault:v1:" + base64.StdEncoding.EncodeToString([]byte(s))
	}))
	mux.HandleFunc("/v1/transit/decrypt/logs", answer("plaintext", "ciphertext", func(s string) string {
		b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "vault:v1:"))
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func vaultKeeper(t *testing.T, addr string) *kms.Wrapper {
	t.Helper()
	client, err := hashivault.Dial(t.Context(), &hashivault.Config{Token: "root", APIConfig: api.Config{Address: addr, MaxRetries: -1}})
	if err != nil {
		t.Fatal(err)
	}
	client.SetMaxRetries(0)
	return kms.FromKeeper(hashivault.OpenKeeper(client, "logs", nil))
}

func TestVaultProtocol(t *testing.T) {
	var isDown atomic.Bool // the server's goroutines read it
	s := transit(t, isDown.Load)
	w := vaultKeeper(t, s.URL)
	defer w.Close()
	roundTrip(t, w, w)
	isDown.Store(true)
	if _, err := w.Wrap(t.Context(), make([]byte, 32)); err == nil {
		t.Error("wrapped by a service that is down")
	}
}

// Vault's driver takes no notice of a ctx: the wrapper does.
func TestContextEndsCall(t *testing.T) {
	called, release := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(called)
		<-release
	}))
	defer s.Close()
	w := vaultKeeper(t, s.URL)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-called
		cancel()
	}()
	if _, err := w.Wrap(ctx, make([]byte, 32)); !errors.Is(err, context.Canceled) {
		t.Errorf("after the ctx was done: %v", err)
	}
	close(release)
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// Vault's driver panics when an answer has no body.
func TestEmptyAnswer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	w := vaultKeeper(t, s.URL)
	defer w.Close()
	if _, err := w.Wrap(t.Context(), make([]byte, 32)); !errors.Is(err, kms.ErrPanic) {
		t.Errorf("an empty answer: %v", err)
	}
}
