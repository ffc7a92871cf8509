package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// logScene logs the records of a scene; before is called before each.
func logScene(ctx context.Context, pipe *pipeline, before func(seq int) error) error {
	for i := range relpSceneRecords {
		if err := before(i); err != nil {
			return err
		}
		if err := logNumbered(ctx, pipe, i); err != nil {
			return err
		}
	}
	return nil
}

func asItIs(int) error { return nil }

// grpcRefused: the receiver's callback refuses some records. They are in the dead
// letter with its reason, and all others arrive, once.
func grpcRefused(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		pipe, err := on.pipeline("refused", grpcAt(on.server.life.at, good), nil)
		if err != nil {
			return err
		}
		err = logScene(ctx, pipe, func(seq int) error {
			if seq%400 == 100 {
				return pipe.handler.Log(ctx, slog.LevelInfo, poison)
			}
			return nil
		})
		err = errors.Join(err, pipe.handler.Flush(ctx))
		stats := pipe.handler.Stats().Routes[0]
		if err := errors.Join(err, pipe.close(ctx, false)); err != nil {
			return err
		}
		dead, err := deadLetters(filepath.Join(on.dir, "buffer", "refused"))
		if err != nil || stats.Delivered != relpSceneRecords || stats.Dead != 3 || strings.Count(dead, errPoison.Error()) != 3 {
			return fmt.Errorf("%d delivered, %d dead: %.300q: %w", stats.Delivered, stats.Dead, dead, errors.Join(err, errScene))
		}
		return wantAll(ctx, on)
	}
}

// grpcStranger: a wrong host name and a wrong token deliver nothing, lose nothing,
// and are told without the token. The right token in the same file is taken up
// without a restart.
func grpcStranger(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		const wrong = "n0t-th1s-t0ken"
		at := on.server.life.at
		if err := os.WriteFile(grpcTokenFile(at), []byte(wrong+"\n"), 0o600); err != nil {
			return err
		}
		misled := grpcAt(at, good)
		misled.TLS = &tlsconfig.Options{CAFile: good.ca, CertFile: good.client.cert, KeyFile: good.client.key, ServerName: "logs.example"}
		pipe, err := on.pipeline("stranger", misled, nil)
		if err != nil {
			return err
		}
		err = errors.Join(logScene(ctx, pipe, asItIs), grpcHeld(ctx, pipe, "logs.example", wrong))
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if _, undelivered := errors.AsType[*handler.UndeliveredError](pipe.handler.Close(gone)); !undelivered {
			err = errors.Join(err, fmt.Errorf("closed without a word of what is left: %w", errScene))
		}
		if err != nil {
			return err
		}
		if pipe, err = on.pipeline("stranger", grpcAt(at, good), nil); err != nil {
			return err
		}
		err = grpcHeld(ctx, pipe, grpc.ErrCredentials.Error(), wrong)
		err = errors.Join(err, os.WriteFile(grpcTokenFile(at), []byte(grpcToken+"\n"), 0o600), pipe.close(ctx, false))
		if err != nil {
			return err
		}
		return wantAll(ctx, on)
	}
}

// grpcHeld waits until the route has tried some times, and checks that it says why
// and has neither delivered nor given up anything.
func grpcHeld(ctx context.Context, pipe *pipeline, why, secret string) error {
	stats := func() handler.RouteStats { return pipe.handler.Stats().Routes[0] }
	err := poll(ctx, func() bool { return stats().Retries > 1 })
	s := stats()
	said := s.LastError
	if err != nil || s.Delivered+s.Dead > 0 || strings.Contains(said, secret) || !strings.Contains(said, why) {
		return fmt.Errorf("%d delivered, %d dead, %q instead of %q: %w", s.Delivered, s.Dead, said, why, errors.Join(err, errScene))
	}
	return nil
}

// grpcRotated: the receiver comes back with another certificate of the same
// authority, and then the client has another one as well, both in the middle of
// records.
func grpcRotated(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		pipe, err := on.pipeline("rotated", grpcAt(on.server.life.at, good), nil)
		if err != nil {
			return err
		}
		err = logScene(ctx, pipe, func(seq int) error {
			switch seq {
			case relpSceneRecords / 3:
				_, err := good.issue("server")
				return errors.Join(err, on.server.restart(ctx))
			case relpSceneRecords / 2:
				_, err := good.issue("interop")
				return err
			}
			return nil
		})
		if err := errors.Join(err, pipe.close(ctx, false)); err != nil {
			return err
		}
		return wantAll(ctx, on)
	}
}

// grpcStopped: the receiver is stopped in order in the middle of records. Nothing is
// lost.
func grpcStopped(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		pipe, err := on.pipeline("stopped", grpcAt(on.server.life.at, good), nil)
		if err != nil {
			return err
		}
		err = logScene(ctx, pipe, func(seq int) error {
			if seq%300 == 150 {
				return errors.Join(on.server.stop(), on.server.start(ctx))
			}
			return nil
		})
		if err := errors.Join(err, pipe.close(ctx, false)); err != nil {
			return err
		}
		return wantAll(ctx, on)
	}
}

// grpcVersions: what version 1 of a service has left in its buffer, because the
// receiver was away, is shipped by version 2 and still says version 1.
func grpcVersions(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		to := grpcAt(on.server.life.at, good)
		if err := twoVersions(ctx, on, to, logThousand, logLast); err != nil {
			return err
		}
		seen := map[string]int{}
		_, err := on.server.received(ctx, func(e entry) {
			resource, _ := e.Fields["resource"].(map[string]any)
			v, _ := resource["service.version"].(string)
			seen[v]++
		})
		return wantVersions(seen, err)
	}
}
