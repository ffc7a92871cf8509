package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// twoVersions lets version 1 of a service log its backlog while the server is
// gone, and version 2 ship it, with last of its own. What each record then says
// of its version is the caller's to ask.
func twoVersions(ctx context.Context, on *stage, to transport.Destination, backlog, last func(context.Context, *pipeline) error) error {
	version := func(v string) func(*route.Route, *handler.Options) {
		return func(_ *route.Route, o *handler.Options) { o.Resource.Version = v }
	}
	on.server.kill()
	pipe, err := on.pipeline("versions", to, version("1.0.0"))
	if err != nil {
		return err
	}
	err = backlog(ctx, pipe)
	if err := errors.Join(err, closeEarly(ctx, pipe), on.server.start(ctx)); err != nil {
		return err
	}
	if pipe, err = on.pipeline("versions", to, version("2.0.0")); err != nil {
		return err
	}
	return errors.Join(last(ctx, pipe), pipe.close(ctx, true))
}

// logThousand logs what a scene logs.
func logThousand(ctx context.Context, pipe *pipeline) error { return logScene(ctx, pipe, asItIs) }

// logLast logs the one record of version 2.
func logLast(ctx context.Context, pipe *pipeline) error {
	return pipe.log(ctx, slog.String("last", "of version 2"))
}

// wantVersions judges how many records of logThousand and logLast were seen with
// which version, and the error of looking.
func wantVersions(seen map[string]int, err error) error {
	if err != nil || seen["1.0.0"] != relpSceneRecords || seen["2.0.0"] != 1 || len(seen) != 2 {
		return fmt.Errorf("%v by version, want %d and 1: %w", seen, relpSceneRecords, errors.Join(err, errScene))
	}
	return nil
}

// closeEarly closes a pipeline whose records stay in its buffer.
func closeEarly(ctx context.Context, pipe *pipeline) error {
	now, cancel := context.WithCancel(ctx)
	cancel()
	if err := pipe.handler.Close(now); err != nil {
		if _, ok := errors.AsType[*handler.UndeliveredError](err); !ok {
			return err
		}
	}
	return nil
}
