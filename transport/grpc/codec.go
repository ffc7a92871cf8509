package grpc

import (
	"strings"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that codec falls back to
	"google.golang.org/grpc/mem"
)

// codec hands over bytes that are a message already (*frame) as they are, and
// lets protobuf's own codec do everything else. The wire is protobuf either way:
// its name, "proto", makes the content type the usual one.
//
// To give the generated types to grpc would mean building one message, attribute
// and value object for each that is logged, only to have them walked twice, for
// their size and for their bytes.
type codec struct{ proto encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

var _ encoding.CodecV2 = codec{}

// frame is one encoded message: out on its way out, in when it has come.
type frame struct {
	out mem.BufferSlice // owned by grpc once it is sent
	in  string
}

// Name is what the content type ends in.
func (codec) Name() string { return "proto" }

// Marshal hands a frame's bytes on, with their one reference.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if f, ok := v.(*frame); ok {
		return f.out, nil
	}
	return c.proto.Marshal(v)
}

// Unmarshal copies a frame's bytes, once, into a string. They come in pieces of
// HTTP/2's frames, and belong to grpc.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	f, ok := v.(*frame)
	if !ok {
		return c.proto.Unmarshal(data, v)
	}
	var b strings.Builder
	b.Grow(data.Len())
	for _, piece := range data {
		b.Write(piece.ReadOnlyData())
	}
	f.in = b.String()
	return nil
}
