package match

import (
	"log/slog"
	"math"
)

// Set is values of which an attribute has to equal one.
type Set []Want

// NewSet returns the set of values as slog takes them.
func NewSet(values []any) Set {
	s := make(Set, len(values))
	for i, x := range values {
		v := slog.AnyValue(x)
		s[i] = Want{Print: PrintOf(v), Value: v, text: textOf(v)}
	}
	return s
}

// Has reports whether v, whose print is p, is in the set.
func (s Set) Has(p Print, v slog.Value) bool {
	for i := range s {
		if s[i].Equals(p, v) {
			return true
		}
	}
	return false
}

// Want is a value to compare with.
type Want struct {
	Print Print
	Value slog.Value
	text  string // of Value, if it is one
}

// Equals reports whether v, whose print is p, is the wanted value.
func (w *Want) Equals(p Print, v slog.Value) bool {
	switch {
	case w.Print != p:
		return false
	case p.class == text:
		return w.text == v.String()
	}
	return p.class >= signed || same(w.Value, v)
}

// Print tells most values apart by one comparison of integers: ten routes that
// ask for ten tenants cost a call ten of these and one look at a string. Values
// that are equal have equal prints.
type Print struct {
	class class
	bits  uint64
}

type class uint8

// Classes of values that can be equal at all.
const (
	other  class = iota // compared as slog does
	text                // bits: the length and the last seven bytes
	float               // as numbers: 0 is -0, NaN is nothing
	signed              // a negative int; from here on equal bits are equal values
	number              // any other integer, signed or not
	span
	truth
)

// Hash spreads prints over the upper bits.
func (p Print) Hash() uint64 { return (p.bits ^ uint64(p.class)) * 0x9e3779b97f4a7c15 }

// PrintOf returns v's print. An int and a uint of the same number are the same:
// which of them a port or a status is, is an accident of the program's types.
func PrintOf(v slog.Value) Print {
	switch v.Kind() {
	case slog.KindString:
		return Print{text, textBits(v.String())}
	case slog.KindInt64:
		if n := v.Int64(); n < 0 {
			return Print{signed, uint64(n)}
		}
		return Print{number, uint64(v.Int64())}
	case slog.KindUint64:
		return Print{number, v.Uint64()}
	case slog.KindBool:
		if v.Bool() {
			return Print{truth, 1}
		}
		return Print{truth, 0}
	case slog.KindDuration:
		return Print{span, uint64(v.Duration())}
	case slog.KindFloat64:
		return Print{float, math.Float64bits(v.Float64() + 0)} // -0 + 0 is 0
	}
	return Print{class: other}
}

// textBits takes the end of a text, since names that a program compares
// ("tenant-1", "tenant-2") have their beginnings in common more often.
func textBits(s string) uint64 {
	if len(s) < 7 {
		bits := uint64(len(s))
		for i := range len(s) {
			bits |= uint64(s[i]) << (8 * (i + 1))
		}
		return bits
	}
	t := s[len(s)-7:] // written out, it is a load and not a loop
	return uint64(uint8(len(s))) | uint64(t[0])<<8 | uint64(t[1])<<16 | uint64(t[2])<<24 | uint64(t[3])<<32 |
		uint64(t[4])<<40 | uint64(t[5])<<48 | uint64(t[6])<<56
}

// same is slog's Equal but for values that it would panic on.
func same(a, b slog.Value) (equal bool) {
	defer func() { _ = recover() }() // uncomparable values in KindAny: not equal
	return a.Equal(b)
}
