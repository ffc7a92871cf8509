package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/slogship/slogship/transport/tlsconfig"
)

// sentryScene is how many records a scene logs.
const sentryScene = 20

// logErrors logs n errors that differ in what no issue is made of.
func logErrors(ctx context.Context, pipe *pipeline, n int) error {
	var errs []error
	for i := range n {
		err := fmt.Errorf("charge card: %w", io.ErrUnexpectedEOF)
		errs = append(errs, pipe.handler.Log(ctx, slog.LevelError, fmt.Sprintf("payment %d failed", i), slog.Any("err", err), slog.String("tenant", "eu")))
	}
	return errors.Join(errs...)
}

// sentryIssues: errors with different numbers in their messages are one issue,
// with its exception chain, its stack and its tags.
func sentryIssues(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		pipe, err := on.pipeline("issues", sentryAt(on.server.life.at, good), nil)
		if err != nil {
			return err
		}
		if err := errors.Join(logErrors(ctx, pipe, sentryScene), pipe.close(ctx, true)); err != nil {
			return err
		}
		issues, wrong := map[any]int{}, error(nil)
		_, err = on.server.received(ctx, func(e entry) {
			issues[e.Fields["issue"]]++
			tags, _ := e.Fields["tags"].(map[string]any)
			data, _ := e.Fields["data"].(map[string]any)
			chain, _ := data["exception"].([]any)
			if tags["tenant"] != "eu" || len(chain) != 2 || e.Fields["last_frame_function"] != "logErrors" ||
				e.Fields["issue_value"] != "charge card: unexpected EOF" {
				wrong = fmt.Errorf("%.1000v: %w", e.Fields, errEvent)
			}
		})
		if err != nil || wrong != nil || len(issues) != 1 {
			return fmt.Errorf("%d issues: %w", len(issues), errors.Join(err, wrong, errScene))
		}
		return nil
	}
}

// sentryTooLarge: an event beyond the server's limit is in the dead letter with
// its answer, and those around it arrive.
func sentryTooLarge(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		to := sentryAt(on.server.life.at, good)
		to.MaxEvent = 8 << 20 // by default it would have been made to fit; "<" is six bytes in its JSON
		pipe, err := on.pipeline("large", to, nil)
		if err != nil {
			return err
		}
		err = errors.Join(logErrors(ctx, pipe, sentryScene/2),
			pipe.handler.Log(ctx, slog.LevelError, poison, slog.String("large", strings.Repeat("<", 500_000))),
			logErrors(ctx, pipe, sentryScene/2), pipe.handler.Flush(ctx))
		stats := pipe.handler.Stats().Routes[0]
		if err := errors.Join(err, pipe.close(ctx, true)); err != nil {
			return err
		}
		dead, err := deadLetters(filepath.Join(on.dir, "buffer", "large"))
		if err != nil || stats.Delivered != sentryScene || stats.Dead != 1 || !strings.Contains(dead, "413") || strings.Contains(dead, bugsinkKey) {
			return fmt.Errorf("%d delivered, %d dead: %.300q: %w", stats.Delivered, stats.Dead, dead, errors.Join(err, errScene))
		}
		return wantReleases(ctx, on, map[string]int{"": sentryScene})
	}
}

// sentryRotated: the server comes back with another certificate of the same
// authority in the middle of records.
func sentryRotated(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		pipe, err := on.pipeline("rotated", sentryAt(on.server.life.at, good), nil)
		if err != nil {
			return err
		}
		err = errors.Join(logErrors(ctx, pipe, sentryScene/2), pipe.handler.Flush(ctx))
		_, issued := good.issue("server")
		err = errors.Join(err, issued, on.server.restart(ctx), logErrors(ctx, pipe, sentryScene/2))
		if err := errors.Join(err, pipe.close(ctx, true)); err != nil {
			return err
		}
		return wantReleases(ctx, on, map[string]int{"": sentryScene})
	}
}

// sentryStranger: a server of another name and a key that the server does not know
// deliver nothing, lose nothing and are told without the key. The right one in the same file is taken up
// without a restart.
func sentryStranger(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		const wrong = "00112233445566778899aabbccddeeff"
		file := filepath.Join(on.dir, "key")
		if err := os.WriteFile(file, []byte(wrong+"\n"), 0o600); err != nil {
			return err
		}
		to := sentryAt(on.server.life.at, good)
		misled := to
		misled.TLS = &tlsconfig.Options{CAFile: good.ca, ServerName: "issues.example"}
		pipe, err := on.pipeline("stranger", misled, nil)
		if err != nil {
			return err
		}
		err = errors.Join(logErrors(ctx, pipe, sentryScene), grpcHeld(ctx, pipe, "issues.example", bugsinkKey))
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_ = pipe.handler.Close(gone) // undelivered, as it has to be
		if err != nil {
			return err
		}
		to.DSN, to.KeyFile = strings.Replace(to.DSN, bugsinkKey+"@", "", 1), file
		if pipe, err = on.pipeline("stranger", to, nil); err != nil {
			return err
		}
		err = grpcHeld(ctx, pipe, "403", wrong)
		err = errors.Join(err, os.WriteFile(file, []byte(bugsinkKey+"\n"), 0o600), pipe.close(ctx, true))
		if err != nil {
			return err
		}
		return wantReleases(ctx, on, map[string]int{"": sentryScene})
	}
}

// sentryVersions: what version 1 of a service has left in its buffer is shipped by
// version 2 and still says version 1.
func sentryVersions(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		to := sentryAt(on.server.life.at, good)
		errorsOf := func(n int) func(context.Context, *pipeline) error {
			return func(ctx context.Context, pipe *pipeline) error { return logErrors(ctx, pipe, n) }
		}
		if err := twoVersions(ctx, on, to, errorsOf(sentryScene), errorsOf(1)); err != nil {
			return err
		}
		return wantReleases(ctx, on, map[string]int{"interop@1.0.0": sentryScene, "interop@2.0.0": 1})
	}
}

// wantReleases asks the server how many events it has of each release.
func wantReleases(ctx context.Context, on *stage, want map[string]int) error {
	seen := map[string]int{}
	_, err := on.server.received(ctx, func(e entry) {
		release, _ := e.Fields["release"].(string)
		seen[release]++
	})
	if err != nil || fmt.Sprint(seen) != fmt.Sprint(want) {
		return fmt.Errorf("releases %v, want %v: %w", seen, want, errors.Join(err, errScene))
	}
	return nil
}
