package https

import (
	"compress/gzip"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
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

// minCompressed is the smallest body that is compressed. Below it, which is one
// or two records of an idle service, the packet is no smaller in the end, and
// clearing the compressor's tables costs more than everything else.
const minCompressed = 1 << 10

// compressor packs one body. It is safe for concurrent use.
type compressor interface {
	encoding() string // for Content-Encoding
	appendPacked(dst, src []byte) ([]byte, error)
}

// newCompressor returns nil for Uncompressed. inFlight is how many bodies are
// packed at a time at most.
func newCompressor(c Compression, inFlight int) (compressor, error) {
	switch c {
	case Gzip:
		return &gzipper{}, nil
	case Zstd:
		return newZstder(inFlight)
	case Uncompressed:
		return nil, nil
	default:
		return nil, fmt.Errorf("https: Compression %v: Gzip, Zstd and Uncompressed are known: %w", c, ErrConfig)
	}
}

// gzipper works at level 1: on log lines, level 6 takes 2.8 times as long to
// save another 15 %.
type gzipper struct{ writers sync.Pool }

func (g *gzipper) encoding() string { return "gzip" }

func (g *gzipper) appendPacked(dst, src []byte) ([]byte, error) {
	out := appender{dst}
	w, ok := g.writers.Get().(*gzip.Writer)
	if !ok {
		var err error
		if w, err = gzip.NewWriterLevel(nil, gzip.BestSpeed); err != nil {
			return dst, err
		}
	}
	w.Reset(&out)
	_, err := w.Write(src)
	if err == nil {
		err = w.Close()
	}
	w.Reset(nil) // the pool must not hold the body's buffer
	g.writers.Put(w)
	return out.b, err
}

// appender is an io.Writer over append.
type appender struct{ b []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.b = append(a.b, p...)
	return len(p), nil
}

// zstder uses EncodeAll, which needs no goroutines: the package's streaming
// encoder would start some that nobody here owns.
type zstder struct{ enc *zstd.Encoder }

func newZstder(inFlight int) (compressor, error) {
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

func (z zstder) encoding() string { return "zstd" }

func (z zstder) appendPacked(dst, src []byte) ([]byte, error) {
	return z.enc.EncodeAll(src, dst), nil
}
