package loki

import "fmt"

// Format is how a request is encoded.
type Format uint8

const (
	// Protobuf is logproto.PushRequest, compressed as a block of Snappy. It costs
	// Loki about a third of what JSON does.
	Protobuf Format = iota

	// JSON, compressed with gzip, is for gateways that look into requests, and for
	// stores that take Loki's API in this form alone.
	JSON
)

// String returns the format's name.
func (f Format) String() string {
	switch f {
	case Protobuf:
		return "Protobuf"
	case JSON:
		return "JSON"
	default:
		return fmt.Sprintf("Format(%d)", uint8(f))
	}
}

func (f Format) contentType() string {
	if f == JSON {
		return "application/json"
	}
	return "application/x-protobuf"
}

// format writes requests of one stream.
type format interface {
	begin(dst []byte, labels []label) []byte
	entry(dst []byte, e *entry) []byte

	// end completes the request that begin began at start.
	end(dst []byte, start int) []byte
}

func (f Format) format() format {
	if f == JSON {
		return jsonPush{}
	}
	return protoPush{}
}
