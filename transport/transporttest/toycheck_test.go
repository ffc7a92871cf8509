package transporttest

import (
	"context"
	"errors"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

func (c *toyClient) Check(ctx context.Context) []transport.Finding {
	f := transport.Finding{Check: "connect", Verdict: transport.OK}
	switch c.Fault {
	case "finds nothing":
		return nil
	case "checks with a record":
		_ = c.Send(ctx, []encode.Record{{Message: "check"}})
	case "checks for ever":
		<-time.After(time.Second) // longer than the quick bounds allow
	case "finds without a verdict":
		f.Verdict = 0
	case "finds its token":
		f.Found = "with " + c.Token
	case "finds a fault where there is none":
		return []transport.Finding{{Check: "connect", Verdict: transport.Failed, Remedy: "none", Err: errors.New("wrong")}}
	case "is spent by its check":
		c.broken = true
	}
	conn, err := c.dial(ctx)
	if err != nil {
		f = transport.Finding{Check: "connect", Verdict: transport.Failed, Found: err.Error(), Remedy: "start it", Err: err}
		if c.is("finds without a remedy") {
			f.Remedy = ""
		}
		return []transport.Finding{f}
	}
	conn.Close()
	return []transport.Finding{f}
}
