package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/transport/otlp"
)

// otelScenes are played with TLS, over either protocol. A record that is too
// large alone is refused over HTTP only: gRPC's limit is in whole MiB, and no
// record is larger than one.
func otelScenes(pki *pki, protocol otlp.Protocol) []scene {
	all := []scene{
		{"stranger", otelStranger(pki, protocol)},
		{"rotated", otelRotated(pki, protocol)},
		{"versions", otelVersions(pki, protocol)},
	}
	if protocol == otlp.HTTP {
		all = append(all, scene{"refused", otelRefused(pki)})
	}
	return all
}

// otelRefused: a record is larger than what the Collector takes of a request. It
// is in the dead letter with the answer, and all others arrive.
func otelRefused(pki *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		pipe, err := on.pipeline("refused", otlpAt(on.server.life.at, pki, otlp.HTTP), nil)
		if err != nil {
			return err
		}
		err = logScene(ctx, pipe, func(seq int) error {
			if seq%400 == 100 {
				return pipe.handler.Log(ctx, slog.LevelInfo, "refused", slog.String("large", incompressible(seq, otelcolMost+1000)))
			}
			return nil
		})
		err = errors.Join(err, pipe.handler.Flush(ctx))
		stats := pipe.handler.Stats().Routes[0]
		if err := errors.Join(err, pipe.close(ctx, false)); err != nil {
			return err
		}
		dead, err := deadLetters(filepath.Join(on.dir, "buffer", "refused"))
		if err != nil || stats.Delivered != relpSceneRecords || stats.Dead != 3 || strings.Count(dead, "too large") != 3 {
			return fmt.Errorf("%d delivered, %d dead, %s: %.300q: %w", stats.Delivered, stats.Dead, stats.LastError, dead[max(0, len(dead)-300):], errors.Join(err, errScene))
		}
		return wantAll(ctx, on)
	}
}

// incompressible is text that no compression makes much smaller.
func incompressible(seed, size int) string {
	rng := rand.New(rand.NewPCG(uint64(seed), 1))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte('!' + rng.IntN('~'-'!'))
	}
	return string(b)
}

// otelStranger: a wrong host name and an unknown client certificate deliver
// nothing, lose nothing, and are told. The right files in the same places are
// taken up without a restart.
func otelStranger(good *pki, protocol otlp.Protocol) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		misled := otlpAt(on.server.life.at, good, protocol)
		misled.TLS.ServerName = "logs.example"
		pipe, err := on.pipeline("stranger", misled, nil)
		if err != nil {
			return err
		}
		err = errors.Join(logScene(ctx, pipe, asItIs), grpcHeld(ctx, pipe, "logs.example", "PRIVATE"))
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if _, undelivered := errors.AsType[*handler.UndeliveredError](pipe.handler.Close(gone)); !undelivered {
			err = errors.Join(err, fmt.Errorf("closed without a word of what is left: %w", errScene))
		}
		if err != nil {
			return err
		}
		other, err := newPKI(on.dir)
		if err != nil {
			return err
		}
		unknown := otlpAt(on.server.life.at, good, protocol)
		unknown.TLS.CertFile, unknown.TLS.KeyFile = other.client.cert, other.client.key
		if pipe, err = on.pipeline("stranger", unknown, nil); err != nil {
			return err
		}
		held := grpcHeld(ctx, pipe, "", "PRIVATE") // TLS 1.3 refuses a client after its handshake: a broken pipe, as often as a word
		put := errors.Join(replaceFile(good.client.key, other.client.key), replaceFile(good.client.cert, other.client.cert))
		if err := errors.Join(held, put, pipe.close(ctx, false)); err != nil {
			return err
		}
		return wantAll(ctx, on)
	}
}

// otelRotated: the Collector comes back with another certificate of the same
// authority, and then the client has another one as well, both in the middle of
// records.
func otelRotated(good *pki, protocol otlp.Protocol) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		pipe, err := on.pipeline("rotated", otlpAt(on.server.life.at, good, protocol), nil)
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

// otelVersions: what version 1 of a service wrote while the Collector was gone is
// shipped by version 2, and still says version 1.
func otelVersions(good *pki, protocol otlp.Protocol) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		to := otlpAt(on.server.life.at, good, protocol)
		if err := twoVersions(ctx, on, to, logThousand, logLast); err != nil {
			return err
		}
		seen := map[string]int{}
		_, err := on.server.received(ctx, func(e entry) {
			v, _ := e.Fields["version"].(string)
			seen[v]++
		})
		return wantVersions(seen, err)
	}
}
