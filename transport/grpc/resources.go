package grpc

import (
	"bytes"
	"encoding/binary"

	"github.com/slogship/slogship/encode"
)

// The fields of LogEntry that are written here.
const (
	entryResource    = 15
	entryResourceRef = 16
)

// resources numbers the resources of one stream for the sender. Nearly always
// there is one; a backlog of earlier processes has one more for each of them.
type resources struct {
	known [][]byte         // by number, encoded; the first is no number
	next  int              // the number to be given next, from 1
	last  *encode.Resource // what the previous record pointed to; set back with each Send
	ref   int              // its number
	buf   []byte           // reused
}

// newResources returns a table with the numbers 1 to max.
func newResources(max uint32) *resources {
	return &resources{known: make([][]byte, max+1), next: 1}
}

// begin forgets which pointer was last seen: in the next Send the same one may
// lead to another resource.
func (t *resources) begin() { t.last = nil }

// append appends the resource of an entry, or its number.
func (t *resources) append(dst []byte, r *encode.Resource) []byte {
	if r == nil {
		return dst
	}
	if r == t.last && t.ref != 0 {
		return appendResourceRef(dst, t.ref)
	}
	ref, known := t.find(r)
	t.last, t.ref = r, ref
	if !known {
		dst = append(dst, t.buf...)
	}
	if ref != 0 {
		dst = appendResourceRef(dst, ref)
	}
	return dst
}

// find encodes r into t.buf, and returns its number and whether the receiver
// has been told of it.
func (t *resources) find(r *encode.Resource) (ref int, known bool) {
	// A record that has nothing but a resource is the resource's field.
	t.buf = encode.Protobuf{}.AppendInterned(t.buf[:0], &encode.Record{Resource: r}, nil)
	for i := 1; i < len(t.known); i++ {
		if bytes.Equal(t.known[i], t.buf) {
			return i, true
		}
	}
	if len(t.known) < 2 || len(t.buf) > maxResource {
		return 0, false
	}
	ref = t.next
	if t.next++; t.next == len(t.known) {
		t.next = 1
	}
	t.known[ref] = bytes.Clone(t.buf)
	return ref, false
}

// forget is as [interner.forget].
func (t *resources) forget() {
	clear(t.known)
	t.next, t.last, t.ref = 1, nil, 0
}

func appendResourceRef(dst []byte, ref int) []byte {
	dst = binary.AppendUvarint(dst, entryResourceRef<<3|wireVarint)
	return binary.AppendUvarint(dst, uint64(ref))
}
