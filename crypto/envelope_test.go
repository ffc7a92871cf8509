package crypto

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// xorWrapper is a key service that is good for tests alone. A change of what it
// wrapped changes the key, as with a cipher that does not authenticate.
type xorWrapper struct{}

func (xorWrapper) Wrap(_ context.Context, key []byte) ([]byte, error) { return xor(key), nil }
func (xorWrapper) Unwrap(_ context.Context, b []byte) ([]byte, error) { return xor(b), nil }

func xor(b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[i] = b[i] ^ 0x5a
	}
	return out
}

var errDown = errors.New("the service is down")

// service is a key service that can be down, and counts its calls.
type service struct {
	mu      sync.Mutex // guards what follows
	down    bool
	hangs   bool
	panics  bool
	wraps   int
	unwraps int
	errs    []error // what OnError heard
}

func (s *service) Wrap(ctx context.Context, key []byte) ([]byte, error) {
	return s.call(ctx, &s.wraps, key)
}

func (s *service) Unwrap(ctx context.Context, b []byte) ([]byte, error) {
	return s.call(ctx, &s.unwraps, b)
}

func (s *service) call(ctx context.Context, n *int, b []byte) ([]byte, error) {
	s.mu.Lock()
	*n++
	down, hangs, panics := s.down, s.hangs, s.panics
	s.mu.Unlock()
	switch {
	case panics:
		panic("key " + string(b))
	case hangs:
		<-ctx.Done()
		return nil, ctx.Err()
	case down:
		return nil, errDown
	}
	return xor(b), nil
}

func (s *service) set(change func(*service)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *service) onError(err error) { s.set(func(s *service) { s.errs = append(s.errs, err) }) }

func (s *service) expired() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, err := range s.errs {
		if errors.Is(err, ErrExpired) {
			n++
		}
	}
	return n
}

func TestEnvelopeOpensElsewhere(t *testing.T) {
	svc := &service{}
	r, err := NewEnvelopeKeyring("kek", svc, &EnvelopeOptions{OnError: svc.onError})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := compileWith(t, Policy{}, r)
	other := testRing(t, nil)
	if err := other.AddWrapper("kek", svc); err != nil {
		t.Fatal(err)
	}
	o := NewOpener(other, nil)
	for i := range 100 {
		token := seal(t, s, testID, "a", slog.IntValue(i))
		if v, err := o.Open(t.Context(), token); err != nil || v.Value.Int64() != int64(i) || v.Wrapped == nil {
			t.Errorf("%+v, %v", v, err)
		}
	}
	if svc.unwraps != 1 {
		t.Errorf("%d calls to open 100 values of one data key", svc.unwraps)
	}
	_, err = NewOpener(testRing(t, nil), nil).Open(t.Context(), seal(t, s, testID, "a", slog.IntValue(1)))
	if openError(t, err) != ErrUnknownKey {
		t.Errorf("without the service: %v", err)
	}
}

// Any change of the wrapped data key is an error, also if the service would
// unwrap it to another key.
func TestEnvelopeMalleability(t *testing.T) {
	r := readyRing(t, xorWrapper{})
	token := seal(t, compileWith(t, Policy{}, r), testID, "a", slog.IntValue(7))
	o := NewOpener(r, nil)
	for i := range token {
		for _, c := range []byte("Aa0-") {
			changed := token[:i] + string([]byte{c}) + token[i+1:]
			if v, err := o.Open(t.Context(), changed); err == nil && changed != token {
				t.Errorf("byte %d: opened %v", i, v)
			}
		}
	}
}

// A data key is replaced each period, and what was sealed with the one before
// opens.
func TestEnvelopePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := &service{}
		r, err := NewEnvelopeKeyring("kek", svc, &EnvelopeOptions{Period: time.Hour, OnError: svc.onError})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		s := compileWith(t, Policy{}, r)
		heads := map[string]bool{}
		var tokens []string
		for range 10 {
			token := seal(t, s, testID, "a", slog.IntValue(1))
			parsed, err := parse(token)
			if err != nil {
				t.Fatal(err)
			}
			heads[parsed.head] = true
			tokens = append(tokens, token)
			time.Sleep(time.Hour) // the bubble's
			synctest.Wait()
		}
		if len(heads) != 10 || svc.wraps != 11 || len(svc.errs) > 0 {
			t.Errorf("%d data keys, %d calls, errors %v", len(heads), svc.wraps, svc.errs)
		}
		for _, token := range tokens {
			open(t, r, token)
		}
		r.Close()
	})
}

// S28: the service is down: the data key is used up to its greatest age and not
// beyond; then there is a mark, counted; no plain text ever. It comes back by
// itself.
func TestS28_KeyServiceDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := &service{down: true}
		r, err := NewEnvelopeKeyring("kek", svc, &EnvelopeOptions{Period: time.Hour, MaxAge: 3 * time.Hour, Timeout: time.Second, OnError: svc.onError})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		s := compileWith(t, Policy{Rules: []Rule{{Key: "secret"}}}, r)
		marks, plain := uint64(0), 0
		log := func() (sealed bool) {
			var sc Scratch
			p := string(s.Top().AppendAttr(nil, &sc, slog.String("secret", "canary")))
			if strings.Contains(p, "canary") {
				plain++
			}
			if strings.Contains(p, MarkNoKey) {
				marks++
			}
			return strings.Contains(p, Prefix)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) || log() {
			t.Errorf("down from the start: %v", err)
		}
		svc.set(func(s *service) { s.down = false })
		if err := r.Ready(t.Context()); err != nil || !log() {
			t.Errorf("up: %v", err)
		}
		begin := time.Now()
		svc.set(func(s *service) { s.hangs = true })
		for time.Since(begin) < 5*time.Hour {
			if sealed, old := log(), time.Since(begin) > 3*time.Hour+time.Minute; sealed == old {
				t.Fatalf("%v after the last data key: sealed %v", time.Since(begin), sealed)
			}
			time.Sleep(7 * time.Minute)
			synctest.Wait()
		}
		svc.set(func(s *service) { s.hangs = false })
		time.Sleep(lastRetry + 2*time.Second)
		synctest.Wait()
		if !log() {
			t.Error("it does not come back")
		}
		if n := s.Stats().Unsealed; plain != 0 || n != marks || marks == 0 || svc.expired() != 1 {
			t.Errorf("plain text %d times, %d marks, %d counted, expired %d times", plain, marks, n, svc.expired())
		}
		r.Close()
		if log() {
			t.Error("sealed after Close")
		}
		t.Logf("plain text 0, marks %d, counted %d", marks, s.Stats().Unsealed)
	})
}

// An opener does not call a service that is down for every value.
func TestOpenerWithServiceDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := &service{}
		r, err := NewEnvelopeKeyring("kek", svc, &EnvelopeOptions{OnError: svc.onError})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		synctest.Wait()
		token := seal(t, compileWith(t, Policy{}, r), testID, "a", slog.IntValue(1))
		o := NewOpener(r, nil)
		svc.set(func(s *service) { s.down = true })
		for range 1000 {
			if _, err := o.Open(t.Context(), token); openError(t, err) != ErrUnavailable || !errors.Is(err, errDown) {
				t.Fatal(err)
			}
		}
		if svc.unwraps != 1 {
			t.Errorf("%d calls", svc.unwraps)
		}
		svc.set(func(s *service) { s.down = false })
		time.Sleep(11 * time.Second)
		if v, err := o.Open(t.Context(), token); err != nil || v.Value.Int64() != 1 {
			t.Errorf("up again: %v, %v", v, err)
		}
		time.Sleep(2 * time.Hour) // longer than the cache keeps it
		if _, err := o.Open(t.Context(), token); err != nil || svc.unwraps != 3 {
			t.Errorf("%d calls, %v", svc.unwraps, err)
		}
		svc.set(func(s *service) { s.panics = true })
		time.Sleep(2 * time.Hour)
		_, err = o.Open(t.Context(), token)
		if openError(t, err) != ErrUnavailable {
			t.Errorf("a service that panics: %v", err)
		}
	})
}

// The cache of an opener is bounded.
func TestCacheBound(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	o := NewOpener(r, &OpenerOptions{CacheSize: 10})
	s := compileWith(t, Policy{}, r)
	for i := range 100 {
		r.renew(r.sealing.Load())
		token := seal(t, s, testID, "a", slog.IntValue(i))
		for range 2 {
			if v, err := o.Open(t.Context(), token); err != nil || v.Value.Int64() != int64(i) {
				t.Fatal(v, err)
			}
		}
	}
	if n, m := len(o.subkey.byHead), len(o.subkey.order); n != 10 || m != 10 {
		t.Errorf("%d keys in %d places", n, m)
	}
}

func TestEnvelopeOptions(t *testing.T) {
	for _, o := range []EnvelopeOptions{{Period: -1}, {MaxAge: -1}, {Timeout: -1}, {Period: time.Hour, MaxAge: time.Minute}} {
		if _, err := NewEnvelopeKeyring("kek", xorWrapper{}, &o); !errors.Is(err, ErrKey) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := NewEnvelopeKeyring("k k", xorWrapper{}, nil); !errors.Is(err, ErrKey) {
		t.Errorf("a bad id: %v", err)
	}
	if _, err := NewEnvelopeKeyring("k", nil, nil); !errors.Is(err, ErrKey) {
		t.Errorf("no wrapper: %v", err)
	}
}

// Close joins the goroutine, whatever the service does, and Ready says so.
func TestEnvelopeClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it fails if a goroutine is left
		svc := &service{hangs: true}
		r, err := NewEnvelopeKeyring("kek", svc, &EnvelopeOptions{OnError: svc.onError})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		start := time.Now()
		if err := r.Close(); err != nil || time.Since(start) > 0 {
			t.Errorf("Close took %v: %v", time.Since(start), err)
		}
		if err := r.Rotate(testKey(t, "k2")); !errors.Is(err, ErrKey) {
			t.Errorf("rotated by hand: %v", err)
		}
		if err := r.Ready(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Ready after Close: %v", err)
		}
	})
}
