package handler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

const canary = "canary-4711-do-not-store"

func keyring(t *testing.T) *crypto.Keyring {
	t.Helper()
	key, err := crypto.GenerateKey("test")
	if err != nil {
		t.Fatal(err)
	}
	ring, err := crypto.NewKeyring(key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ring.Close() })
	return ring
}

// stored returns all that is in files under dir.
func stored(t *testing.T, dir string) []byte {
	t.Helper()
	var all []byte
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all = append(all, data...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// logCanary logs the canary everywhere a policy on "secret" and on e-mail
// addresses has to find it.
func logCanary(h *handler.Handler) {
	log := slog.New(h).With("secret", canary, "kept", "with")
	grouped := log.WithGroup("user").With("secret", canary)
	ctx := handler.With(context.Background(), slog.String("secret", canary))
	log.Info("plain", "secret", canary, "n", 1)
	grouped.Warn("grouped", "secret", canary, slog.Group("inner", "secret", canary))
	log.InfoContext(ctx, "in a ctx")
	log.Info("mail to "+canary+"@example.com", "any", crypto.Secret(canary))
	log.Error("valuer", "v", canaryValuer{})
	log.Debug("below", "secret", canary)
}

// canaryValuer resolves to a group with the canary in it.
type canaryValuer struct{}

func (canaryValuer) LogValue() slog.Value { return slog.GroupValue(slog.String("secret", canary)) }

// S11: sealing comes before the buffer. With a destination that is gone, on
// buffers of every kind and with all that keeps records (repeats, debug on error,
// dead letters, stderr aside), no file holds the canary, and the opener finds all
// of it in what arrives.
func TestS11_NothingPlainOnDisk(t *testing.T) {
	policy := &crypto.Policy{Rules: []crypto.Rule{{Key: "secret"}}, Detect: []crypto.Detect{{What: crypto.Emails}}}
	ring, dir := keyring(t), t.TempDir()
	sink := memory.New()
	away := errors.New("away")
	sink.Fail(away)
	var next bytes.Buffer
	routes := []route.Route{
		{Name: "one", To: sink},
		{Name: "interval", To: sink, Durability: route.Interval(time.Second), Dedupe: route.Dedupe{Window: time.Hour}},
		{Name: "debug", To: sink, Levels: route.AtLeast(slog.LevelInfo), DebugOnError: route.DebugOnError{From: slog.LevelDebug}},
	}
	h, err := handler.New(patiently(routes...), &handler.Options{
		Dir: dir, MinFree: -1, Fields: policy, Keys: ring, Next: slog.NewTextHandler(&next, nil), OnError: func(error) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // the second time they are repeats
		logCanary(h)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_ = h.Close(gone) // all of it stays
	if found := bytes.Count(stored(t, dir), []byte(canary)); found != 0 {
		t.Errorf("S11: the canary is in files %d times, want 0", found)
	}
	if strings.Contains(next.String(), canary) || !strings.Contains(next.String(), crypto.Prefix) {
		t.Errorf("Options.Next got %s", next.String())
	}
	sink.Fail(nil)
	if h, err = handler.New(patiently(routes...), &handler.Options{Dir: dir, MinFree: -1, OnError: func(error) {}}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.Flush(t.Context()), h.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	opened := openAll(t, ring, sink.Records())
	if opened < 20 || strings.Contains(fmt.Sprint(sink.Records()), canary) {
		t.Errorf("%d values could be opened, or some were plain", opened)
	}
	t.Logf("S11: %d sealed values opened, 0 plain", opened)
}

// openAll opens what is sealed at the top level of recs and in the group "user".
func openAll(t *testing.T, ring *crypto.Keyring, recs []encode.Record) (opened int) {
	t.Helper()
	o := crypto.NewOpener(ring, nil)
	for _, rec := range recs {
		line, err := (encode.JSONLines{}).AppendRecord(nil, &rec)
		if err != nil {
			t.Fatal(err)
		}
		plain, counts, err := o.OpenJSON(t.Context(), line)
		if err != nil || counts.Failed() != 0 {
			t.Fatalf("%v %+v: %s", err, counts, line)
		}
		if counts.Opened > 0 && !bytes.Contains(plain, []byte(canary)) {
			t.Errorf("opened, and no canary: %s", plain)
		}
		opened += int(counts.Opened)
	}
	return opened
}

// Each route has what its own policy leaves, with one ID; and Secret is sealed
// under every policy.
func TestPolicyOfARoute(t *testing.T) {
	ring := keyring(t)
	clear, seal, drop, same := memory.New(), memory.New(), memory.New(), memory.New()
	h, err := handler.New([]route.Route{
		{Name: "audit", To: clear, Fields: &crypto.Policy{}},
		{Name: "saas", To: seal},
		{Name: "console", To: drop, Fields: &crypto.Policy{Rules: []crypto.Rule{{Key: "secret", Do: crypto.Drop}}}},
		{Name: "same", To: same, Fields: &crypto.Policy{Rules: []crypto.Rule{{Key: "secret"}}}, Match: route.Equals("secret", canary)},
	}, &handler.Options{InMemory: true, Keys: ring, Fields: &crypto.Policy{Rules: []crypto.Rule{{Key: "secret"}}}})
	if err != nil {
		t.Fatal(err)
	}
	slog.New(h).With("a", 1).Info("x", "secret", canary, "wrapped", crypto.Secret(canary))
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sink           *memory.Sink
		plain, present bool
	}{"audit": {clear, true, true}, "saas": {seal, false, true}, "console": {drop, false, false}, "same": {same, false, true}} {
		recs := c.sink.Records()
		if len(recs) != 1 || recs[0].ID != clear.Records()[0].ID {
			t.Fatalf("%s: %d records, or another ID", name, len(recs))
		}
		text := memory.Attr(recs[0], "secret").String()
		if (text == canary) != c.plain || strings.HasPrefix(text, crypto.Prefix) != (c.present && !c.plain) {
			t.Errorf("%s: secret is %q", name, text)
		}
		if w := memory.Attr(recs[0], "wrapped").String(); !strings.HasPrefix(w, crypto.Prefix) {
			t.Errorf("%s: a crypto.Secret is %q", name, w)
		}
	}
	if a, b := memory.Attr(seal.Records()[0], "secret"), memory.Attr(same.Records()[0], "secret"); !a.Equal(b) {
		t.Error("two routes with one policy were sealed for twice")
	}
}

// A Reload may bring a policy that a logger made before does not know.
func TestPolicyAfterReload(t *testing.T) {
	sink := memory.New()
	h, err := handler.New([]route.Route{{Name: "a", To: sink}}, &handler.Options{InMemory: true, Keys: keyring(t)})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(h).With("secret", canary).WithGroup("g").With("secret", canary).WithGroup("h")
	log.Info("before")
	fields := &crypto.Policy{Rules: []crypto.Rule{{Key: "secret"}}}
	if err := h.Reload([]route.Route{{Name: "a", To: sink, Fields: fields}}, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		log.Info("after", "n", 1)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, rec := range sink.Records() {
		for _, path := range [][]string{{"secret"}, {"g", "secret"}} {
			if sealed := strings.HasPrefix(memory.Attr(rec, path...).String(), crypto.Prefix); sealed != (i > 0) {
				t.Errorf("record %d: %v is %v", i, path, memory.Attr(rec, path...))
			}
		}
		if i > 0 && memory.Attr(rec, "g", "h", "n").Int64() != 1 {
			t.Errorf("record %d: the groups are wrong: %v", i, rec.Attrs)
		}
	}
}

// A policy that cannot be kept is an error that names the route.
func TestPolicyWithoutKeys(t *testing.T) {
	fields := &crypto.Policy{Rules: []crypto.Rule{{Key: "secret"}}}
	_, err := handler.New([]route.Route{{Name: "a", To: memory.New(), Fields: fields}}, &handler.Options{InMemory: true})
	if e, ok := errors.AsType[*handler.RouteError](err); !ok || e.Route != "a" || !errors.Is(err, crypto.ErrPolicy) {
		t.Errorf("got %v", err)
	}
	if _, err = handler.New(nil, &handler.Options{InMemory: true, Fields: fields}); !errors.Is(err, crypto.ErrPolicy) {
		t.Errorf("Options.Fields: got %v", err)
	}
}
