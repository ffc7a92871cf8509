package group

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// Preview returns what the first member would send: the preferred one of a
// Failover. Where that cannot say, the record as JSON, as for any transport that
// cannot.
func (g *group) Preview(rec *encode.Record) ([]byte, error) {
	if p, ok := g.members[0].transport.(transport.Previewer); ok {
		return p.Preview(rec)
	}
	return encode.JSONLines{}.AppendRecord(nil, rec)
}
