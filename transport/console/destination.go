package console

import (
	"fmt"
	"io"
	"os"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// Destination is a terminal or what stands in for it. The zero Destination is
// standard error.
type Destination struct {
	// Writer takes the text. Default os.Stderr, as it is when Open is called.
	// It is not closed.
	Writer io.Writer

	// Encoder makes the text, without the line break at its end. Default
	// [encode.Text], with colour and several lines where they help. Its colours
	// are decided once, by Open.
	Encoder encode.Encoder

	// Lookup finds environment variables, for [encode.WantColor]. Default
	// [os.LookupEnv]. It is used by Open, and only if Encoder is nil.
	Lookup func(name string) (value string, ok bool)
}

var _ transport.Destination = Destination{}

// Open checks the encoder, if it can be checked. Nothing is written.
func (d Destination) Open() (transport.Transport, error) {
	if d.Writer == nil {
		d.Writer = os.Stderr
	}
	if d.Lookup == nil {
		d.Lookup = os.LookupEnv
	}
	if d.Encoder == nil {
		d.Encoder = encode.Text{
			Color: encode.WantColor(d.Writer, d.Lookup),
			// In no environment, the question is whether it is a terminal. Who
			// has turned colour off there still reads stacks line by line.
			Multiline: encode.WantColor(d.Writer, nil),
		}
	}
	if err := encode.Validate(d.Encoder); err != nil {
		return nil, fmt.Errorf("console: Encoder: %w", err)
	}
	return &printer{writer: d.Writer, encoder: d.Encoder}, nil
}
