package codec

import (
	"encoding/binary"
	"log/slog"
	"reflect"
)

// A list is its elements behind their number, which has a fixed width because
// it is known only when the limits have been met:
//
//	+-----------+-------------------+
//	| count u32 | each: kind, value |
//	+-----------+-------------------+

// list appends a list of xs. A nil slice is nil, as encoding/json has it.
func list[T any](b *builder, dst []byte, at place, xs []T, depth int, conv func(T) slog.Value) []byte {
	if xs == nil {
		return b.head(dst, at, kindNil)
	}
	dst, count := b.openList(dst, at)
	n := 0
	for ; n < len(xs) && b.begin(dst, depth+1); n++ {
		dst = b.value(dst, place{}, resolve(conv(xs[n])), depth+1)
	}
	return b.closeList(dst, count, n, len(xs))
}

// reflectList appends a list of the elements of a slice or array.
func (b *builder) reflectList(dst []byte, at place, v reflect.Value, depth int) []byte {
	dst, count := b.openList(dst, at)
	n := 0
	for ; n < v.Len() && b.begin(dst, depth+1); n++ {
		dst = b.value(dst, place{}, resolve(slog.AnyValue(v.Index(n).Interface())), depth+1)
	}
	return b.closeList(dst, count, n, v.Len())
}

func (b *builder) openList(dst []byte, at place) (_ []byte, count int) {
	dst = b.head(dst, at, kindList)
	return append(dst, 0, 0, 0, 0), len(dst)
}

// closeList writes the number of elements, n of the total that was there.
// begin has counted one of those that were left out.
func (b *builder) closeList(dst []byte, count, n, total int) []byte {
	binary.LittleEndian.PutUint32(dst[count:], uint32(n))
	if n < total {
		b.cut += total - n - 1
	}
	return dst
}
