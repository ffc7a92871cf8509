package grpc

import (
	"hash/maphash"
	"strings"
	"unicode/utf8"
)

// What a stream may number, on both sides. They are limits of the protocol's
// own, in logentry.proto, and of what this package asks for.
const (
	maxStringRef   = 1024 // how many strings; with their lengths 1 MiB a stream
	maxInterned    = 1024 // bytes of a string
	maxResourceRef = 16
	maxResource    = 64 << 10 // bytes of a resource, encoded
)

// interner numbers the strings of one stream for the sender. It implements
// encode.Interner, in a memory that does not grow with what is logged: a string
// gets a number when it comes a second time, and the oldest number is given to
// another when there are no more.
//
// It is asked some ten times a record. Records of one place in the code have the same
// strings in the same order, so the one that came after the last one the time before
// is looked at first: a comparison, without a hash. Else there is a table, and not a
// map: one place to look for each string, and what falls on a taken place takes it.
// The one that lost it is told anew when it comes again.
type interner struct {
	seed  maphash.Seed
	slots []slot // by hash
	refs  []name // by number
	next  uint32 // the number to be given next, from 1
	last  uint32 // the number that was asked for last; 0: it had none
}

// slot says which string has that hash.
type slot struct {
	hash uint64 // of the last that came
	ref  uint32 // 0: it has no number yet
}

// name is a string that has a number.
type name struct {
	text  string
	after uint32 // the number that was asked for next, the last time
}

// newInterner returns an interner with the numbers 1 to max.
func newInterner(max uint32) *interner {
	size := 64
	for size < 8*int(max) { // so that two that are in use seldom meet
		size *= 2
	}
	return &interner{seed: maphash.MakeSeed(), slots: make([]slot, size), refs: make([]name, max+1), next: 1}
}

// Intern is as encode.Interner says.
func (in *interner) Intern(s string) (ref uint32, known bool) {
	if len(in.refs) < 2 {
		return 0, false
	}
	if guess := in.refs[in.last].after; guess != 0 && in.refs[guess].text == s {
		in.last = guess
		return guess, true
	}
	ref, known = in.find(s)
	in.refs[in.last].after = ref
	in.last = ref
	return ref, known
}

// find looks s up, and numbers it if it is worth it.
func (in *interner) find(s string) (ref uint32, known bool) {
	hash := maphash.String(in.seed, s)
	at := uint32(hash) & uint32(len(in.slots)-1)
	place := &in.slots[at]
	if place.hash != hash {
		*place = slot{hash: hash}
		return 0, false
	}
	if place.ref != 0 && in.refs[place.ref].text == s {
		return place.ref, true
	}
	if len(s) < 4 || len(s) > maxInterned || !utf8.ValidString(s) {
		// A number takes two or three bytes. What is not valid arrives as
		// something else, which the number must not stand for.
		return 0, false
	}
	return in.give(s, at), false
}

// give numbers s, which the slot at stands for.
func (in *interner) give(s string, at uint32) uint32 {
	ref := in.next
	if in.next++; in.next == uint32(len(in.refs)) {
		in.next = 1
	}
	in.slots[at].ref = ref
	in.refs[ref] = name{text: strings.Clone(s)} // the slot of the one before still leads here, and finds another text
	return ref
}

// forget takes all numbers back: what was encoded last is not sent after all,
// so the receiver has not been told the numbers in it. A number stands for what
// was told last, so nothing has to be said of it.
func (in *interner) forget() {
	clear(in.slots)
	clear(in.refs)
	in.next, in.last = 1, 0
}
