package file

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

var _ transport.Previewer = (*appender)(nil)

// Preview returns rec's line.
func (a *appender) Preview(rec *encode.Record) ([]byte, error) {
	line, err := a.Encoder.AppendRecord(nil, rec)
	if err != nil {
		return nil, err
	}
	return append(line, '\n'), nil
}
