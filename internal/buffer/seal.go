package buffer

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// Cipher makes and finds the keys of segments that are encrypted. It is called
// by the maintainer and by recovery, never by an append.
type Cipher interface {
	// New returns a key for the segment of this name, and a head of at most 1,500
	// bytes by which Open finds it. The AEAD chooses its nonces itself, at random
	// (cipher.NewGCMWithRandomNonce).
	New(name []byte) (aead cipher.AEAD, head []byte, err error)
	Open(head, name []byte) (cipher.AEAD, error)
}

// Of an encrypted segment a data record's payload is
//
//	id 16 | nonce 12 | ciphertext | tag 16
//
// and the meta record's the same without an id. The id stays readable: losses are
// reported by it, also of records whose key is gone. What is authenticated besides
// is place, type, level, chk and time of the record's header, so that no record can be
// put in another's place; the key is that of this one segment.
//
// The CRC is over the ciphertext, as with every other record. It tells corruption,
// which it finds, from tampering, which it does not find and the tag does.
const (
	sealSize = 12 + 16
	aadSize  = 8 + 12
	maxHead  = 1500
)

// errors about encrypted segments.
var (
	errNoCipher = errors.New("it is encrypted, and there are no keys")
	errTampered = errors.New("a record was changed by somebody who has no key")
	errOverhead = errors.New("not a cipher that adds 28 bytes")
	errHead     = errors.New("what finds its key, as the wrapped key of a key service, takes more than 1,500 bytes")
)

// seal encrypts a segment's records. Immutable but for the pool.
type seal struct {
	aead cipher.AEAD
	head []byte    // by which the key is found again
	meta []byte    // the meta record's payload as it is stored; nil: none
	mark frame     // its header
	aads sync.Pool // of *[aadSize]byte: what an interface gets goes to the heap
}

func newSeal(aead cipher.AEAD, head []byte) (*seal, error) {
	if aead.NonceSize() != 0 || aead.Overhead() != sealSize {
		return nil, errOverhead
	}
	if len(head) > maxHead {
		return nil, errHead
	}
	s := &seal{aead: aead, head: head}
	s.aads.New = func() any { return new([aadSize]byte) }
	return s, nil
}

// segmentName is what a key is bound to.
func segmentName(uuid [16]byte, seq uint64) []byte {
	return binary.LittleEndian.AppendUint64(uuid[:], seq)
}

// aad is what of a header is authenticated: all but the length, which chk stands
// for, and the epoch, since a rewritten segment keeps its records as they are.
func (f *frame) aad(a *[aadSize]byte) []byte {
	le := binary.LittleEndian
	le.PutUint64(a[:], f.place)
	le.PutUint32(a[8:], uint32(f.typ)|uint32(f.level)<<8|uint32(checkLength(f.length))<<16)
	le.PutUint64(a[12:], uint64(f.time))
	return a[:]
}

// put stores plain, encrypted, behind clear in dst, which has exactly the room
// that takes, and returns the sum of both.
func (s *seal) put(dst, clear, plain []byte, f *frame) uint32 {
	a := s.aads.Get().(*[aadSize]byte)
	n := copy(dst, clear)
	// The capacity ends with the room, so that Seal writes there and nowhere else.
	s.aead.Seal(dst[n:n:len(dst)], nil, plain, f.aad(a))
	s.aads.Put(a)
	return Sum(dst)
}

// open decrypts box in place.
func (s *seal) open(box []byte, f *frame) ([]byte, error) {
	a := s.aads.Get().(*[aadSize]byte)
	defer s.aads.Put(a)
	plain, err := s.aead.Open(box[:0], nil, box, f.aad(a))
	if err != nil {
		return nil, errTampered
	}
	return plain, nil
}

// room is how many bytes a data record's payload takes in a segment.
func (b *Buffer) room(payload int) int {
	if b.opt.Encrypt {
		payload += sealSize
	}
	return payload
}

// room is Buffer.room for one segment and type: sync marks are not encrypted.
func (s *segment) room(payload int, typ uint8) int {
	if s.seal != nil && typ == typeData {
		payload += sealSize
	}
	return payload
}

// encrypt gives a new segment its key.
func (b *Buffer) encrypt(s *segment) error {
	if !b.opt.Encrypt {
		return nil
	}
	aead, head, err := b.opt.Cipher.New(segmentName(s.log.uuid, s.seq))
	if err != nil {
		return err
	}
	if s.seal, err = newSeal(aead, head); err != nil {
		return err
	}
	s.flags |= flagSealed
	return nil
}

// decrypt finds the key of a segment with this header.
func (b *Buffer) decrypt(s *segment, h *header) error {
	if h.flags&flagSealed == 0 {
		return nil
	}
	if b.opt.Cipher == nil {
		return errNoCipher
	}
	aead, err := b.opt.Cipher.Open(h.key, segmentName(h.uuid, h.seq))
	if err != nil {
		return err
	}
	s.seal, err = newSeal(aead, h.key)
	return err
}

// storedMeta is the meta record's payload as a new segment stores it. A segment
// of mode Written is headed twice, in its file and in memory: with the same bytes.
func (s *segment) storedMeta(f *frame, meta []byte) []byte {
	if s.seal == nil {
		return meta
	}
	if s.seal.meta == nil {
		s.seal.mark = *f
		s.seal.mark.length = uint32(frameSize + len(meta) + sealSize)
		s.seal.meta = make([]byte, len(meta)+sealSize)
		s.seal.put(s.seal.meta, nil, meta, &s.seal.mark)
	}
	*f = s.seal.mark
	return s.seal.meta
}

// metaRecord is the meta record of s as it is stored: its header and payload.
func (s *segment) metaRecord() (frame, []byte) {
	if s.seal != nil {
		return s.seal.mark, s.seal.meta
	}
	return frame{place: placeOf(s.seq, headerSize), typ: typeMeta}, s.meta.Bytes
}

// readMeta takes the meta record that a scan has found.
func (b *Buffer) readMeta(s *segment, f *found) {
	stored := append([]byte(nil), f.payload...)
	if s.seal == nil {
		s.meta = &Meta{Bytes: stored}
		return
	}
	s.seal.meta, s.seal.mark = stored, f.frame
	plain, err := s.seal.open(append([]byte(nil), stored...), &f.frame)
	if err != nil {
		b.forged(s)
		return
	}
	s.meta = &Meta{Bytes: plain}
}

// forged counts a record that was tampered with.
func (b *Buffer) forged(s *segment) {
	b.mu.Lock()
	b.tampered++
	b.mu.Unlock()
	b.report(fmt.Errorf("buffer: read segment %q: %w", s.String(), errTampered))
}
