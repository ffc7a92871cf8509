package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// relpSceneRecords is how many records a scene of RELP's logs.
const relpSceneRecords = 1000

// wantAll asks the server, which has ended by then, for all records of a scene.
func wantAll(ctx context.Context, on *stage) error {
	j := newJudge(1, relpSceneRecords)
	if _, err := on.server.received(ctx, j.take); err != nil {
		return err
	}
	if v := j.sentence(); v.lost > 0 || v.faults() != nil {
		return fmt.Errorf("%d records lost: %w", v.lost, errors.Join(v.faults(), j.wrong))
	}
	return nil
}

func logNumbered(ctx context.Context, pipe *pipeline, seq int) error {
	return pipe.log(ctx, slog.Int("producer", 0), slog.Int("seq", seq), slog.String("text", text(0, seq)))
}

// relpStopped: rsyslog is stopped in order in the middle of records, and says
// serverclose. Nothing is lost, and nothing is twice but what had no answer.
func relpStopped(ctx context.Context, on *stage) error {
	pipe, err := on.pipeline("stopped", relp.Destination{Addr: on.server.life.at.addr(), Encoder: relpFormat}, nil)
	if err != nil {
		return err
	}
	for i := range relpSceneRecords {
		err := logNumbered(ctx, pipe, i)
		if err == nil && i%300 == 150 {
			err = errors.Join(on.server.stop(), on.server.start(ctx))
		}
		if err != nil {
			return errors.Join(err, pipe.close(ctx, false))
		}
	}
	if err := pipe.close(ctx, false); err != nil {
		return err
	}
	return wantAll(ctx, on)
}

// relpStranger: a client whose certificate rsyslog does not know delivers
// nothing and loses nothing. With the right files in the same places, all
// arrives, without a restart.
func relpStranger(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		other, err := newPKI(on.dir)
		if err != nil {
			return err
		}
		files := tlsconfig.Options{CAFile: good.ca, CertFile: other.client.cert, KeyFile: other.client.key}
		pipe, err := on.pipeline("stranger", relp.Destination{Addr: on.server.life.at.addr(), Encoder: relpFormat, TLS: &files}, nil)
		if err != nil {
			return err
		}
		for i := range relpSceneRecords {
			if err := logNumbered(ctx, pipe, i); err != nil {
				return errors.Join(err, pipe.close(ctx, false))
			}
		}
		refused := poll(ctx, func() bool { return pipe.handler.Stats().Routes[0].Retries > 2 })
		stats := pipe.handler.Stats().Routes[0]
		put := errors.Join(replaceFile(good.client.key, files.KeyFile), replaceFile(good.client.cert, files.CertFile))
		if err := errors.Join(refused, put, pipe.close(ctx, false)); err != nil {
			return err
		}
		if stats.Delivered+stats.Dead > 0 {
			return fmt.Errorf("a stranger: %d delivered, %d dead: %w", stats.Delivered, stats.Dead, errScene)
		}
		return wantAll(ctx, on)
	}
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
