package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// pipeline is everything between a log call and the destination: a handler with
// one route and its buffer on disk, as a service has it.
type pipeline struct{ handler *handler.Handler }

// openPipeline lets adjust, if there is one, change what the handler is made of.
func openPipeline(dir string, to transport.Destination, adjust func(*route.Route, *handler.Options)) (*pipeline, error) {
	r := route.Route{
		Name: "interop", To: to,
		// A busy disk of the machine that this runs on would be counted as a loss
		// (disk_stalled), and it is not what is tried here.
		Buffer: route.Buffer{StallTimeout: 5 * time.Second},
		// Shorter than the defaults, as the servers are away for moments only.
		Backoff: route.Backoff{InitialInterval: 20 * time.Millisecond, MaxInterval: 200 * time.Millisecond},
	}
	o := handler.Options{
		Dir:      dir,
		Resource: encode.Resource{Service: "interop"},
		OnError:  func(error) {}, // failed Sends: the kills are meant
	}
	if adjust != nil {
		adjust(&r, &o)
	}
	h, err := handler.New([]route.Route{r}, &o)
	if err != nil {
		return nil, err
	}
	return &pipeline{handler: h}, nil
}

// log is safe for concurrent use. It is not a call of slog's, which would keep
// the error to itself.
func (p *pipeline) log(ctx context.Context, attrs ...slog.Attr) error {
	return p.handler.Log(ctx, slog.LevelInfo, message, attrs...)
}

// close returns nil when everything was delivered. A transport that nobody
// answers, and that sees no end-of-file either, needs the time to be sure that
// no refusal comes: quiet waits for it.
func (p *pipeline) close(ctx context.Context, quiet bool) error {
	if quiet {
		// What Flush did not reach, Close says again.
		_ = p.handler.Flush(ctx)
	}
	return p.handler.Close(ctx)
}
