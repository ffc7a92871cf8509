package grpc

import "fmt"

// Compression is how requests are compressed (grpc-encoding).
type Compression uint8

const (
	// Uncompressed, the default, sends the bytes as they are.
	Uncompressed Compression = iota
	// Gzip is taken by every server of gRPC.
	Gzip
)

// String returns the compression's name.
func (c Compression) String() string {
	switch c {
	case Uncompressed:
		return "Uncompressed"
	case Gzip:
		return "Gzip"
	default:
		return fmt.Sprintf("Compression(%d)", uint8(c))
	}
}
