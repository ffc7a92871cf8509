package https

import (
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/slogship/slogship/internal/httppost"
)

// Compression is the Content-Encoding of the requests.
type Compression uint8

const (
	// Gzip, the default, is what nearly every log receiver takes.
	Gzip Compression = iota

	// Zstd (RFC 8878) takes about half of Gzip's CPU time and makes logs
	// smaller by a quarter, where the receiver knows it.
	Zstd

	// Uncompressed sends the bytes as they are.
	Uncompressed
)

// String returns the compression's name.
func (c Compression) String() string {
	switch c {
	case Gzip:
		return "Gzip"
	case Zstd:
		return "Zstd"
	case Uncompressed:
		return "Uncompressed"
	default:
		return fmt.Sprintf("Compression(%d)", uint8(c))
	}
}

// newCompressor returns nil for Uncompressed. inFlight is how many bodies are
// packed at a time at most.
func newCompressor(c Compression, inFlight int) (httppost.Compressor, error) {
	switch c {
	case Gzip:
		return httppost.Gzip(), nil
	case Zstd:
		return newZstder(inFlight)
	case Uncompressed:
		return nil, nil
	default:
		return nil, fmt.Errorf("https: Compression %v: %w: want Gzip, Zstd or Uncompressed", c, ErrConfig)
	}
}

// zstder uses EncodeAll, which needs no goroutines: the package's streaming
// encoder would start some that nobody here owns.
type zstder struct{ enc *zstd.Encoder }

func newZstder(inFlight int) (httppost.Compressor, error) {
	enc, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(inFlight),
		zstd.WithWindowSize(1<<20), // a batch; receivers need as much memory
		zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("https: Compression Zstd: %w", err)
	}
	return zstder{enc}, nil
}

func (z zstder) Encoding() string { return "zstd" }

func (z zstder) AppendPacked(dst, src []byte) ([]byte, error) {
	return z.enc.EncodeAll(src, dst), nil
}
