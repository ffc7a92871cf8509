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
