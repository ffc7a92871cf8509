package handler_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
)

// S11: with EncryptBuffers nothing of a record is readable on the disk, not in
// segments and not in dead letters; the next start delivers it, also one that does
// not encrypt any more, and after a rotation.
func TestS11_EncryptedBuffers(t *testing.T) {
	dir, ring, sink := t.TempDir(), keyring(t), memory.New()
	routes := []route.Route{{Name: "away", To: sink}}
	open := func(encrypt bool) *handler.Handler {
		h, err := handler.New(patiently(routes...), &handler.Options{
			Dir: dir, MinFree: -1, Keys: ring, EncryptBuffers: encrypt, OnError: func(error) {},
		})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	sink.Fail(errors.New("away"))
	h := open(true)
	for range 100 {
		slog.New(h).Info(canary, "secret", canary)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_ = h.Close(gone)
	if files := stored(t, dir); bytes.Contains(files, []byte(canary)) || bytes.Contains(files, []byte("secret")) || len(files) == 0 {
		t.Errorf("S11: %d bytes are stored, plain: %v", len(files), bytes.Contains(files, []byte(canary)))
	}
	key, err := crypto.GenerateKey("next")
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Rotate(key); err != nil {
		t.Fatal(err)
	}
	sink.Fail(nil)
	h = open(false)
	if err := errors.Join(h.Flush(t.Context()), h.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	s := h.Stats()
	if s.Routes[0].Recovered != 100 || s.Routes[0].Delivered != 100 {
		t.Errorf("recovered %d, delivered %d", s.Routes[0].Recovered, s.Routes[0].Delivered)
	}
}

// A dead letter is a line that the Opener opens.
func TestEncryptedDeadLetters(t *testing.T) {
	dir, ring := t.TempDir(), keyring(t)
	h, err := handler.New(patiently(route.Route{Name: "refused", To: refusing{memory.New(), canary}}),
		&handler.Options{Dir: dir, MinFree: -1, Keys: ring, EncryptBuffers: true, OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	slog.New(h).Info(canary)
	slog.New(h).Info("another")
	if err := errors.Join(h.Flush(t.Context()), h.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	letters, err := os.ReadFile(filepath.Join(dir, "refused", "dead.ndjson"))
	if err != nil || bytes.Contains(letters, []byte(canary)) {
		t.Fatalf("%v: %s", err, letters)
	}
	plain, counts, err := crypto.NewOpener(ring, nil).OpenJSON(t.Context(), bytes.TrimSpace(letters))
	if err != nil || counts.Opened != 1 || !strings.Contains(string(plain), canary) {
		t.Errorf("%v, %+v: %s", err, counts, plain)
	}
}

func TestEncryptBuffersWithoutKeys(t *testing.T) {
	for name, o := range map[string]*handler.Options{
		"no keys":   {Dir: t.TempDir(), EncryptBuffers: true},
		"in memory": {InMemory: true, EncryptBuffers: true, Keys: keyring(t)},
	} {
		if _, err := handler.New(nil, o); !errors.Is(err, handler.ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var _ transport.Destination = refusing{}
