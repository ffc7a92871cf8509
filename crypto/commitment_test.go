package crypto

import (
	"bytes"
	"crypto/aes"
	"encoding/binary"
	"log/slog"
	"testing"
)

// block is an element of GF(2^128) as GCM has it: bit 0 is the highest bit of
// the first byte (NIST SP 800-38D §6.3).
type block struct{ hi, lo uint64 }

func toBlock(b []byte) block {
	var p [16]byte
	copy(p[:], b)
	return block{binary.BigEndian.Uint64(p[:]), binary.BigEndian.Uint64(p[8:])}
}

func (x block) bytes() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, x.hi), x.lo)
}

func (x block) xor(y block) block { return block{x.hi ^ y.hi, x.lo ^ y.lo} }

func (x block) mul(y block) (z block) {
	for i := range 128 {
		word := x.hi
		if i >= 64 {
			word = x.lo
		}
		if word>>(63-i%64)&1 == 1 {
			z = z.xor(y)
		}
		odd := y.lo & 1
		y = block{y.hi >> 1, y.lo>>1 | y.hi<<63}
		if odd == 1 {
			y.hi ^= 0xe1 << 56
		}
	}
	return z
}

// inverse is x to the power of 2^128-2.
func (x block) inverse() block {
	r := block{1 << 63, 0} // one
	for range 127 {
		x = x.mul(x)
		r = r.mul(x)
	}
	return r
}

// gcmKey is what of AES-GCM depends on key and nonce alone.
type gcmKey struct {
	h, mask block
}

func gcmOf(t *testing.T, key, nonce []byte) gcmKey {
	c, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	h, mask := make([]byte, 16), append(bytes.Clone(nonce), 0, 0, 0, 1)
	c.Encrypt(h, h)
	c.Encrypt(mask, mask)
	return gcmKey{toBlock(h), toBlock(mask)}
}

// tag computes GCM's tag over whole blocks of aad and text.
func (k gcmKey) tag(aad, text []byte) block {
	var y block
	for _, part := range [][]byte{aad, text} {
		for i := 0; i < len(part); i += 16 {
			y = y.xor(toBlock(part[i:min(i+16, len(part))])).mul(k.h)
		}
	}
	y = y.xor(block{uint64(len(aad)) * 8, uint64(len(text)) * 8}).mul(k.h)
	return y.xor(k.mask)
}

// collide returns a ciphertext of two blocks, and its tag, that decrypts under
// both keys: the tags are linear in the last block, so that one equation finds
// it. (Dodis, Grubbs, Ristenpart, Woodage: Fast Message Franking, CRYPTO 2018.)
func collide(t *testing.T, key1, key2, nonce, aad []byte) []byte {
	k1, k2 := gcmOf(t, key1, nonce), gcmOf(t, key2, nonce)
	text := make([]byte, 32)
	text[0] = 's'
	diff := k1.tag(aad, text).xor(k2.tag(aad, text))
	slope := k1.h.mul(k1.h).xor(k2.h.mul(k2.h))
	copy(text[16:], diff.mul(slope.inverse()).bytes())
	tag := k1.tag(aad, text)
	if tag != k2.tag(aad, text) {
		t.Fatal("the test's own arithmetic is wrong")
	}
	return append(text, tag.bytes()...)
}

// S26: a text made to decrypt under two keys, as AES-GCM lets one, opens under
// at most the one that it commits to.
func TestS26_KeyCommitment(t *testing.T) {
	const pairs = 50
	both, raw := 0, 0
	for range pairs {
		one, two := testKey(t, "k1"), testKey(t, "k1")
		r1, r2 := testRing(t, one), testRing(t, two)
		head := r1.sealing.Load().head // with the commitment to one
		p, err := parse(seal(t, compileWith(t, Policy{}, r1), testID, "a", slog.StringValue("x")))
		if err != nil {
			t.Fatal(err)
		}
		key1, _, err := derive(one.secret(), "k1", p.salt)
		if err != nil {
			t.Fatal(err)
		}
		key2, _, err := derive(two.secret(), "k1", p.salt)
		if err != nil {
			t.Fatal(err)
		}
		nonce := p.box[:nonceSize]
		p.box = append(bytes.Clone(nonce), collide(t, key1, key2, nonce, p.aad)...)
		for _, key := range [][]byte{key1, key2} { // the attack works on AES-GCM itself
			aead, err := newAEAD(key, true)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := aead.Open(nil, nil, p.box, p.aad); err == nil {
				raw++
			}
		}
		token := relabelBox(string(head), p)
		_, err1 := NewOpener(r1, nil).Open(t.Context(), token)
		_, err2 := NewOpener(r2, nil).Open(t.Context(), token)
		if err2 == nil {
			both++
		}
		if openError(t, err2) != ErrWrongKey || err1 != nil && openError(t, err1) != ErrTampered {
			t.Errorf("with the first key %v, with the second %v", err1, err2)
		}
	}
	if raw != 2*pairs {
		t.Errorf("the attack worked %d times of %d: the test shows nothing", raw, 2*pairs)
	}
	t.Logf("accepted under both keys: %d of %d, by AES-GCM alone: %d", both, pairs, raw/2)
}
