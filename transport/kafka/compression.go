package kafka

import (
	"fmt"

	"github.com/segmentio/kafka-go/protocol"
)

// Compression is how record batches are compressed. Brokers keep them as they
// are, unless the topic's compression.type says otherwise.
type Compression uint8

const (
	// Snappy, the default, costs little and is read by every consumer.
	Snappy Compression = iota
	// Lz4 costs about the same.
	Lz4
	// Zstd makes logs smallest. Kafka 2.1 and newer.
	Zstd
	// Gzip is for consumers that read nothing else.
	Gzip
	// Uncompressed sends the bytes as they are.
	Uncompressed
)

// String returns the compression's name.
func (c Compression) String() string {
	switch c {
	case Snappy:
		return "Snappy"
	case Lz4:
		return "Lz4"
	case Zstd:
		return "Zstd"
	case Gzip:
		return "Gzip"
	case Uncompressed:
		return "Uncompressed"
	default:
		return fmt.Sprintf("Compression(%d)", uint8(c))
	}
}

// attributes returns the bits of a record batch that name the compression.
func (c Compression) attributes() protocol.Attributes {
	switch c {
	case Snappy:
		return protocol.Snappy
	case Lz4:
		return protocol.Lz4
	case Zstd:
		return protocol.Zstd
	case Gzip:
		return protocol.Gzip
	default:
		return 0
	}
}
