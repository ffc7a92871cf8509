package console

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

var _ transport.Previewer = (*printer)(nil)

// Preview returns rec's line.
func (p *printer) Preview(rec *encode.Record) ([]byte, error) {
	line, err := p.encoder.AppendRecord(nil, rec)
	if err != nil {
		return nil, err
	}
	return append(line, '\n'), nil
}
