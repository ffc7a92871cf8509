package grpc

import (
	"fmt"
	"strings"

	"github.com/slogship/slogship/encode"
)

// refs are the numbers that the sender of one stream has told the receiver. Its
// size is bounded whatever the sender does: a number beyond the limits of the
// greeting, and what is too long to have one, ends the stream.
type refs struct {
	strings   []string // by number; the first is no number
	resources []*encode.Resource
}

// text resolves a field of type string and the number beside it.
func (r *refs) text(s string, ref uint64, spent *budget) (string, error) {
	switch {
	case ref == 0:
		return s, nil
	case ref > maxStringRef:
		return "", fmt.Errorf("string number %d of at most %d: %w", ref, maxStringRef, errWire)
	case s == "":
		return r.find(ref, spent)
	case len(s) > maxInterned:
		return "", fmt.Errorf("a string of %d bytes has a number: %w", len(s), errWire)
	}
	for uint64(len(r.strings)) <= ref {
		r.strings = append(r.strings, "")
	}
	// Cloned: s is a part of the whole batch, which would stay in memory.
	r.strings[ref] = strings.Clone(s)
	return s, nil
}

func (r *refs) find(ref uint64, spent *budget) (string, error) {
	if ref >= uint64(len(r.strings)) || r.strings[ref] == "" {
		return "", fmt.Errorf("string number %d was not told: %w", ref, errWire)
	}
	s := r.strings[ref]
	return s, spent.expand(len(s))
}

// tell notes that from here on ref stands for the resource.
func (r *refs) tell(ref uint64, resource *encode.Resource, size int) error {
	if ref > maxResourceRef || size > maxResource {
		return fmt.Errorf("resource number %d of at most %d, %d bytes of at most %d: %w", ref, maxResourceRef, size, maxResource, errWire)
	}
	for uint64(len(r.resources)) <= ref {
		r.resources = append(r.resources, nil)
	}
	r.resources[ref] = resource.Clone()
	return nil
}

func (r *refs) resource(ref uint64) (*encode.Resource, error) {
	if ref >= uint64(len(r.resources)) || r.resources[ref] == nil {
		return nil, fmt.Errorf("resource number %d was not told: %w", ref, errWire)
	}
	return r.resources[ref], nil
}

// The limits of one message that are not its bytes: see PushRequest in
// logentry.proto. What this package sends is far below them.
const (
	maxElements = 1 << 18  // attributes, values, frames and errors: 40 bytes and more of memory each, for as little as 2
	maxExpanded = 64 << 20 // bytes of strings that were written as numbers
	maxNesting  = 100      // messages within each other, as in other parsers of protobuf
)

// budget is what is left to one message of what it may cost the receiver.
type budget struct {
	elements int
	expanded int
}

func newBudget() budget { return budget{elements: maxElements, expanded: maxExpanded} }

func (b *budget) element() error {
	if b.elements--; b.elements < 0 {
		return fmt.Errorf("more than %d elements in a message: %w", maxElements, errWire)
	}
	return nil
}

func (b *budget) expand(size int) error {
	if b.expanded -= size; b.expanded < 0 {
		return fmt.Errorf("numbers for more than %d bytes in a message: %w", maxExpanded, errWire)
	}
	return nil
}
