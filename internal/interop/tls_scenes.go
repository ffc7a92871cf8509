package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// tlsScenes are what each destination with TLS and client certificates has to
// stand: a client that the server does not know, and a server with another name.
func tlsScenes(d destination, good *pki) []scene {
	return []scene{{"stranger", stranger(d, good)}, {"wrong host name", wrongName(d)}}
}

// withTLS is to with options of TLS that change makes of its own.
func withTLS(to transport.Destination, change func(*tlsconfig.Options)) transport.Destination {
	changed := func(options *tlsconfig.Options) *tlsconfig.Options {
		own := *options
		change(&own)
		return &own
	}
	switch to := to.(type) {
	case syslog.Destination:
		to.TLS = changed(to.TLS)
		return to
	case relp.Destination:
		to.TLS = changed(to.TLS)
		return to
	case lumberjack.Destination:
		to.TLS = changed(to.TLS)
		return to
	default:
		panic(fmt.Sprintf("%T has no TLS that is known here", to))
	}
}

// stranger: a client whose certificate the server does not know delivers nothing
// and loses nothing. With the right files in the same places, all arrives,
// without a restart.
func stranger(d destination, good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		other, err := newPKI(on.dir)
		if err != nil {
			return err
		}
		unknown := withTLS(d.to(on.server.life.at), func(o *tlsconfig.Options) { o.CertFile, o.KeyFile = other.client.cert, other.client.key })
		pipe, err := on.pipeline("stranger", unknown, nil)
		if err != nil {
			return err
		}
		held := logHeld(ctx, pipe, "")
		put := errors.Join(replaceFile(good.client.key, other.client.key), replaceFile(good.client.cert, other.client.cert))
		// rsyslog says no after the handshake: Close could meet the last connection
		// of the stranger's, and end with its error.
		if err := errors.Join(held, put, pipe.close(ctx, true)); err != nil {
			return err
		}
		return wantAll(ctx, on)
	}
}

// wrongName: a server whose certificate is for another name gets nothing, and
// the error names that name. The next life of the service asks for the right one,
// and all arrives.
func wrongName(d destination) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		right := d.to(on.server.life.at)
		pipe, err := on.pipeline("name", withTLS(right, func(o *tlsconfig.Options) { o.ServerName = "logs.example" }), nil)
		if err != nil {
			return err
		}
		if err := errors.Join(logHeld(ctx, pipe, "logs.example"), closeHeld(ctx, pipe)); err != nil {
			return err
		}
		if pipe, err = on.pipeline("name", right, nil); err != nil {
			return err
		}
		if err := pipe.close(ctx, true); err != nil {
			return err
		}
		return wantAll(ctx, on)
	}
}

// logHeld logs a scene's records to a server that takes none, waits until the
// route has tried some times, and checks that it has neither delivered nor given
// up any, and says why.
func logHeld(ctx context.Context, pipe *pipeline, why string) error {
	for i := range relpSceneRecords {
		if err := logNumbered(ctx, pipe, i); err != nil {
			return err
		}
	}
	stats := func() handler.RouteStats { return pipe.handler.Stats().Routes[0] }
	err := poll(ctx, func() bool { return stats().Retries > 2 })
	if s := stats(); err != nil || s.Delivered+s.Dead > 0 || !strings.Contains(s.LastError, why) {
		return fmt.Errorf("%d delivered, %d dead, %q instead of %q: %w", s.Delivered, s.Dead, s.LastError, why, errors.Join(err, errScene))
	}
	return nil
}

// closeHeld ends a life of the service, whose records stay in its buffer.
func closeHeld(ctx context.Context, pipe *pipeline) error {
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, undelivered := errors.AsType[*handler.UndeliveredError](pipe.handler.Close(gone)); !undelivered {
		return fmt.Errorf("closed without a word of what is left: %w", errScene)
	}
	return nil
}

// replaceFile puts a copy of from in the place of to, by a rename.
func replaceFile(from, to string) error {
	content, err := os.ReadFile(filepath.Clean(from))
	if err != nil {
		return err
	}
	if err := os.WriteFile(to+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(to+".new", to)
}
