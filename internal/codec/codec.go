// Package codec turns records into the bytes that the buffer keeps, and back.
package codec

import (
	"errors"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
)

// ErrCorrupt says that a payload is not what this package writes.
var ErrCorrupt = errors.New("codec: corrupt payload")

// ErrVersion says that a payload was written by a newer version.
var ErrVersion = errors.New("codec: unknown payload version")

// Header is everything of a record but its attributes.
type Header struct {
	ID             encode.ID
	Time, Observed time.Time
	Level          slog.Level
	Message, Scope string
	Trace          encode.Trace
	Source         []byte // from AppendSource; nil: none
	Stack          []encode.Frame
}

func AppendHeader(dst []byte, h *Header) []byte            { return dst }
func AppendSource(dst []byte, s *slog.Source) []byte       { return dst }
func AppendAttr(dst []byte, a slog.Attr) []byte            { return dst }
func AppendGroup(dst []byte, name string) []byte           { return dst }
func AppendGroupEnd(dst []byte) []byte                     { return dst }
func AppendEncoded(dst, encoded []byte) []byte             { return append(dst, encoded...) }
func AppendResource(dst []byte, r *encode.Resource) []byte { return dst }
func ParseResource(b []byte) (*encode.Resource, error)     { return nil, ErrVersion }

// Decoder decodes payloads into memory it reuses.
type Decoder struct{}

func (d *Decoder) Decode(payload string, rec *encode.Record) error { return ErrVersion }
func (d *Decoder) Reset()                                          {}
