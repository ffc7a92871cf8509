package loki

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

var _ transport.Previewer = (*sender)(nil)

// Preview returns the request with rec alone, in JSON: the protobuf form says the
// same to nobody who reads it.
func (s *sender) Preview(rec *encode.Record) ([]byte, error) {
	st := &s.streams([]encode.Record{*rec})[0]
	en := s.entries.get()
	defer s.entries.put(en)
	if err := s.entries.fill(en, rec, &st.members[0]); err != nil {
		return nil, err
	}
	var f jsonPush
	return f.end(f.entry(f.begin(nil, st.labels), en), 0), nil
}
