package console

import (
	"context"

	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*printer)(nil)

// Check finds nothing to look at: the writer is the caller's.
func (p *printer) Check(context.Context) []transport.Finding {
	return []transport.Finding{{Check: "stream", Verdict: transport.OK, Found: "written by this process"}}
}
