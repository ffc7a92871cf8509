package crypto

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// inPlace is a key service that writes over what it is given, as ciphers that take
// their input's memory for their output do.
type inPlace struct{}

func (inPlace) Wrap(_ context.Context, key []byte) ([]byte, error) { return overwritten(key), nil }
func (inPlace) Unwrap(_ context.Context, b []byte) ([]byte, error) { return overwritten(b), nil }

func overwritten(b []byte) []byte {
	copy(b, xor(b))
	return b
}

// A wrapper has memory of its own: what it writes there changes neither the data
// key, which would be the wrapped one then and stand in each token, nor the token
// that somebody opens, nor the head of a segment.
func TestWrapperInPlace(t *testing.T) {
	r := readyRing(t, inPlace{})
	from := r.sealing.Load().from
	if bytes.Equal(from.secret()[:], from.wrapped) {
		t.Error("the data key is the wrapped key")
	}
	token := seal(t, compileWith(t, Policy{}, r), testID, "a", slog.IntValue(1))
	v, err := NewOpener(r, nil).Open(t.Context(), token)
	if err != nil || v.Value.Int64() != 1 || !bytes.Equal(v.Wrapped, from.wrapped) {
		t.Errorf("%v, %v, wrapped %x, want %x", v.Value, err, v.Wrapped, from.wrapped)
	}
	keys, name := NewSegmentKeys(r), []byte("1")
	_, head, err := keys.New(name)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := keys.Open(head, name); err != nil {
			t.Errorf("a segment: %v", err)
		}
	}
}

// echo is no key service at all.
type echo struct{ prefix string }

func (e echo) Wrap(_ context.Context, key []byte) ([]byte, error) {
	return append([]byte(e.prefix), key...), nil
}

func (e echo) Unwrap(_ context.Context, b []byte) ([]byte, error) { return b[len(e.prefix):], nil }

// A data key that comes back as it was is refused: tokens would hold their own key.
func TestWrapperThatDoesNotWrap(t *testing.T) {
	for _, prefix := range []string{"", "v1:"} {
		synctest.Test(t, func(t *testing.T) {
			var got error
			r, err := NewEnvelopeKeyring("kek", echo{prefix}, &EnvelopeOptions{OnError: func(err error) { got = err }})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			synctest.Wait()
			if !errors.Is(got, ErrKey) || r.SealingID() != "" {
				t.Errorf("prefix %q: %v, seals with %q", prefix, got, r.SealingID())
			}
		})
	}
}

// S28: a key that is due to be replaced and due to end, both at once, ends first:
// it does not outlive the call for the next one, which hangs here.
func TestS28_AgeBeforeCall(t *testing.T) {
	for range 20 { // select takes either
		synctest.Test(t, func(t *testing.T) {
			svc := &service{}
			r, err := NewEnvelopeKeyring("kek", svc, &EnvelopeOptions{Period: time.Hour, MaxAge: time.Hour, OnError: svc.onError})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			synctest.Wait()
			svc.set(func(s *service) { s.hangs = true })
			time.Sleep(time.Hour + time.Second) // the bubble's
			if id := r.SealingID(); id != "" || svc.expired() != 1 {
				t.Errorf("an hour and a second later: seals with %q, expired %d times", id, svc.expired())
			}
		})
	}
}

// With MaxAge left out, a period begins without marks however long it is: the last
// key is there while the next one is asked for.
func TestMaxAgeBehindPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := &service{}
		r, err := NewEnvelopeKeyring("kek", svc, &EnvelopeOptions{Period: 48 * time.Hour, OnError: svc.onError})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		synctest.Wait()
		for range 10 {
			time.Sleep(48 * time.Hour)
			synctest.Wait()
		}
		if svc.expired() > 0 || svc.wraps != 11 {
			t.Errorf("expired %d times, %d calls", svc.expired(), svc.wraps)
		}
	})
}

// Ready after Close says so, each time, also if there had been a key.
func TestReadyAfterClose(t *testing.T) {
	r := readyRing(t, xorWrapper{})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for range 20 { // select takes either
		if err := r.Ready(t.Context()); !errors.Is(err, ErrClosed) {
			t.Fatalf("got %v", err)
		}
	}
}
