package lumberjack

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

var _ transport.Previewer = (*sender)(nil)

// Preview returns rec's event, the JSON in its frame.
func (t *sender) Preview(rec *encode.Record) ([]byte, error) {
	p := packer{encoder: t.dest.Encoder, head: metadata(&t.dest)}
	event, err := p.appendEvent(nil, 1, rec)
	if err != nil {
		return nil, err
	}
	return event[len(appendFrame(nil, frameEvent, 1))+4:], nil // its length takes four
}
