package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/slogship/slogship/transport/relp"
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
