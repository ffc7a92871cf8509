package syslog

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

var _ transport.Previewer = (*local)(nil)

// Preview returns rec's message. How it is framed depends on which socket the
// daemon has.
func (l *local) Preview(rec *encode.Record) ([]byte, error) {
	return l.dest.Encoder.AppendRecord(nil, rec)
}
