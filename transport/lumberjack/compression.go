package lumberjack

import "fmt"

// Compression is how the events of a window are sent.
type Compression uint8

const (
	// Zlib (RFC 1950), the default, at its fastest level; every receiver takes it.
	Zlib Compression = iota

	// Uncompressed sends the bytes as they are.
	Uncompressed
)

// String returns the compression's name.
func (c Compression) String() string {
	switch c {
	case Zlib:
		return "Zlib"
	case Uncompressed:
		return "Uncompressed"
	default:
		return fmt.Sprintf("Compression(%d)", uint8(c))
	}
}
