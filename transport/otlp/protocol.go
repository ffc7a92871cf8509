package otlp

import "fmt"

// Protocol is how requests travel.
type Protocol uint8

const (
	// HTTP is protobuf in the body of a POST (http/protobuf), to port 4318 by
	// default.
	HTTP Protocol = iota + 1

	// GRPC is the same request as a unary call over HTTP/2, to port 4317 by
	// default.
	GRPC
)

// String returns the protocol's name as OTEL_EXPORTER_OTLP_PROTOCOL has it.
func (p Protocol) String() string {
	switch p {
	case HTTP:
		return "http/protobuf"
	case GRPC:
		return "grpc"
	default:
		return fmt.Sprintf("Protocol(%d)", uint8(p))
	}
}

// Compression is how requests are compressed.
type Compression uint8

const (
	// Gzip is the default: the one that every receiver has to know.
	Gzip Compression = iota + 1

	// Uncompressed sends the bytes as they are, for a collector on the same
	// machine.
	Uncompressed
)

// String returns the compression's name as OTEL_EXPORTER_OTLP_COMPRESSION has it.
func (c Compression) String() string {
	switch c {
	case Gzip:
		return "gzip"
	case Uncompressed:
		return "none"
	default:
		return fmt.Sprintf("Compression(%d)", uint8(c))
	}
}
