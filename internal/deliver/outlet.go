package deliver

import (
	"context"

	"github.com/slogship/slogship/transport"
)

// outlet is where a worker sends to, and how: what [Worker.Replace] replaces.
// It is immutable. The worker has the present one, and each lane the one that
// it was started with: a lane whose transport never returns from Close lives
// on, and must neither meet the next transport nor post to its worker.
type outlet struct {
	opts    Options
	desc    transport.Description // of opts.Transport, which is asked once
	holder  transport.Holder      // nil if the transport is none
	prober  transport.Prober      // nil if the transport is none
	ctx     context.Context       // of all Sends: carries the route's mark
	cancel  context.CancelFunc
	results chan result // from the lanes; has room for one of each
}

// describe asks t, which may panic: the zero Description is a good default.
func describe(t transport.Transport) (d transport.Description, err error) {
	err = contain("describe", func() error {
		d = t.Describe()
		return nil
	})
	return d, err
}

// newOutlet completes o, whose transport has described itself as d.
func newOutlet(o Options, d transport.Description) *outlet {
	out := &outlet{opts: o.withDefaults(d), desc: d}
	out.results = make(chan result, out.opts.MaxInFlight+1) // and the one that closes
	ctx := WithRoute(context.Background(), o.Route)
	if o.Warn != nil {
		ctx = transport.WithWarn(ctx, o.Warn)
	}
	out.ctx, out.cancel = context.WithCancel(ctx)
	out.holder, _ = o.Transport.(transport.Holder)
	out.prober, _ = o.Transport.(transport.Prober)
	return out
}
