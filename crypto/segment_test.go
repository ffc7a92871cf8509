package crypto

import (
	"bytes"
	"errors"
	"testing"
)

// A segment's key is found again by its head, in this process and another, after
// rotations, and by nobody who lacks the key or has another segment's name.
func TestSegmentKeys(t *testing.T) {
	first, err := GenerateKey("first")
	if err != nil {
		t.Fatal(err)
	}
	second, err := GenerateKey("second")
	if err != nil {
		t.Fatal(err)
	}
	ring, err := NewKeyring(first)
	if err != nil {
		t.Fatal(err)
	}
	name, text := []byte("segment 1"), []byte("text")
	aead, head, err := NewSegmentKeys(ring).New(name)
	if err != nil {
		t.Fatal(err)
	}
	box := aead.Seal(nil, nil, text, nil)
	if _, other, err := NewSegmentKeys(ring).New(name); err != nil || bytes.Equal(other, head) {
		t.Errorf("two segments have one key: %v", err)
	}
	if err := ring.Rotate(second); err != nil {
		t.Fatal(err)
	}
	elsewhere, err := NewKeyring(nil, first)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*Keyring{ring, elsewhere} {
		aead, err := NewSegmentKeys(r).Open(head, name)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := aead.Open(nil, nil, box, nil); err != nil || !bytes.Equal(plain, text) {
			t.Errorf("%q, %v", plain, err)
		}
	}
	stranger, err := NewKeyring(second)
	if err != nil {
		t.Fatal(err)
	}
	namesake, err := GenerateKey("first")
	if err != nil {
		t.Fatal(err)
	}
	impostor, err := NewKeyring(namesake)
	if err != nil {
		t.Fatal(err)
	}
	newer := append([]byte{0x77}, head[1:]...)
	for what, c := range map[string]struct {
		ring       *Keyring
		head, name []byte
		want       error
	}{
		"no such key":     {stranger, head, name, ErrUnknownKey},
		"another key":     {impostor, head, name, ErrWrongKey},
		"another segment": {ring, head, []byte("segment 2"), ErrWrongKey},
		"cut off":         {ring, head[:len(head)-1], name, ErrTruncated},
		"empty":           {ring, nil, name, ErrTruncated},
		"newer":           {ring, newer, name, ErrVersion},
	} {
		if _, err := NewSegmentKeys(c.ring).Open(c.head, c.name); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	if _, _, err := NewSegmentKeys(elsewhere).New(name); !errors.Is(err, ErrKey) {
		t.Errorf("a ring that only opens: %v", err)
	}
}

// The head of a key of a key service opens elsewhere with the service alone, and cut
// off at any place it is no head: the service is not asked about nothing.
func TestSegmentKeysOfService(t *testing.T) {
	svc := &service{}
	r := readyRing(t, svc)
	name, text := []byte("segment 1"), []byte("text")
	aead, head, err := NewSegmentKeys(r).New(name)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := testRing(t, nil)
	if err := elsewhere.AddWrapper("kek", svc); err != nil {
		t.Fatal(err)
	}
	keys := NewSegmentKeys(elsewhere)
	other, err := keys.Open(head, name)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := other.Open(nil, nil, aead.Seal(nil, nil, text, nil), nil); err != nil || !bytes.Equal(plain, text) {
		t.Errorf("%q, %v", plain, err)
	}
	svc.set(func(s *service) { s.unwraps = 0 })
	for n := range len(head) - KeySize + 1 { // the wrapped key is as long as the key
		if _, err := keys.Open(head[:n], name); !errors.Is(err, ErrTruncated) {
			t.Errorf("%d bytes of %d: %v", n, len(head), err)
		}
	}
	if svc.unwraps > 0 {
		t.Errorf("%d calls of the service", svc.unwraps)
	}
	svc.set(func(s *service) { s.down = true })
	if _, err := keys.Open(head, name); !errors.Is(err, ErrUnavailable) || !errors.Is(err, errDown) {
		t.Errorf("the service is down: %v", err)
	}
}
