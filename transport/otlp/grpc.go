package otlp

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"

	"github.com/slogship/slogship/internal/httppost"
)

// gRPC's protocol for a unary call is a POST over HTTP/2 with five bytes before
// the message, and a status in the trailers
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). net/http
// speaks all of that. A client of google.golang.org/grpc would be a second stack
// beside the one for HTTP, with rules of its own for resolving, connecting,
// rotated certificates and what of an answer may be shown.

// grpcPath is opentelemetry.proto.collector.logs.v1.LogsService's Export.
const grpcPath = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

// grpcHead is the compressed flag and the length.
const grpcHead = 5

// minCompressed is the smallest message that is compressed, as over HTTP.
const minCompressed = 1 << 10

// grpcClient passes on what gRPC's requests need.
func (d *Destination) grpcClient(o httppost.Options) (*httppost.Client, error) {
	o.GRPC, o.ContentType, o.ShownURL = true, "application/grpc+proto", d.URL
	o.Headers = maps.Clone(d.Headers)
	if o.Headers == nil {
		o.Headers = make(map[string]string)
	}
	for name := range o.Headers {
		if strings.HasPrefix(textproto.CanonicalMIMEHeaderKey(name), "Grpc-") {
			return nil, fmt.Errorf("otlp: Headers %q: gRPC's own names begin so: %w", name, ErrConfig)
		}
	}
	if d.Compression == Gzip {
		o.Headers["Grpc-Encoding"] = "gzip"
	}
	if u, err := url.Parse(o.URL); err == nil && u.Scheme == "http" && o.Proxy == nil {
		o.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	}
	return o.Open()
}

// frame appends a message with its head; nothing if there is no message.
func (s *sender) frame(dst []byte, message func([]byte) []byte) []byte {
	start := len(dst)
	var head [grpcHead]byte
	if s.zip == nil {
		dst = message(append(dst, head[:]...))
		return headed(dst, start, 0)
	}
	plain, ok := s.plain.Get().(*[]byte)
	if !ok {
		plain = new([]byte)
	}
	defer s.putPlain(plain)
	*plain = message((*plain)[:0])
	if len(*plain) < minCompressed {
		return headed(append(append(dst, head[:]...), *plain...), start, 0)
	}
	packed, err := s.zip.AppendPacked(append(dst, head[:]...), *plain)
	if err != nil { // into memory: it cannot fail. Nor does the batch, if it did.
		return headed(append(append(dst[:start], head[:]...), *plain...), start, 0)
	}
	return headed(packed, start, 1)
}

// putPlain keeps no buffer of an outsized batch.
func (s *sender) putPlain(b *[]byte) {
	if cap(*b) <= 2*DefaultMaxMessageGRPC {
		s.plain.Put(b)
	}
}

// headed fills in the head of what begins at start.
func headed(dst []byte, start int, flag byte) []byte {
	n := len(dst) - start - grpcHead
	if n == 0 {
		return dst[:start]
	}
	dst[start] = flag
	binary.BigEndian.PutUint32(dst[start+1:], uint32(n))
	return dst
}

// unframe returns the answer's message, or the status that is not OK. The
// trailers are there when all of the body has been read.
func (s *sender) unframe(resp *http.Response, body []byte, mask func(string) string) ([]byte, error) {
	trailer := resp.Trailer
	if resp.Header.Get("Grpc-Status") != "" {
		trailer = resp.Header // an answer without a message has no others
	}
	code, err := strconv.ParseUint(trailer.Get("Grpc-Status"), 10, 16)
	if err != nil {
		return nil, s.failed(fmt.Errorf("no gRPC status: %w", ErrAnswer))
	}
	if code != 0 {
		return nil, newStatusError(s.url, Code(code), trailer, mask).outcome()
	}
	if len(body) < grpcHead || uint64(binary.BigEndian.Uint32(body[1:])) != uint64(len(body)-grpcHead) {
		return nil, s.failed(fmt.Errorf("a message that is cut off: %w", ErrAnswer))
	}
	if body[0] == 0 {
		return body[grpcHead:], nil
	}
	return s.unpack(body[grpcHead:], resp.Header.Get("Grpc-Encoding"))
}

// unpack reads an answer as gRPC's servers compress it when the request was,
// asked or not, and no more of it than of any other (T34).
func (s *sender) unpack(packed []byte, encoding string) ([]byte, error) {
	if encoding != "gzip" {
		return nil, s.failed(fmt.Errorf("a message compressed as %.20q: %w", encoding, ErrAnswer))
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, s.failed(fmt.Errorf("%w: %w", ErrAnswer, err))
	}
	message, err := io.ReadAll(io.LimitReader(zip, maxAnswer+1))
	if err == nil && len(message) > maxAnswer {
		err = errWire
	}
	if err != nil {
		return nil, s.failed(fmt.Errorf("%w: %w", ErrAnswer, err))
	}
	return message, nil
}
