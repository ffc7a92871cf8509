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

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
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
func sentryIssues(ctx context.Context, on *stage) error {
	pipe, err := on.pipeline("issues", sentryAt(on.server.life.at), nil)
	if err != nil {
		return err
	}
	if err := errors.Join(logErrors(ctx, pipe, sentryScene), pipe.close(ctx, false)); err != nil {
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

// sentryStranger: a key that the server does not know delivers nothing, loses
// nothing and is told without the key. The right one in the same file is taken up
// without a restart.
func sentryStranger(ctx context.Context, on *stage) error {
	const wrong = "00112233445566778899aabbccddeeff"
	file := filepath.Join(on.dir, "key")
	if err := os.WriteFile(file, []byte(wrong+"\n"), 0o600); err != nil {
		return err
	}
	to := sentryAt(on.server.life.at)
	to.DSN, to.KeyFile = strings.Replace(to.DSN, bugsinkKey+"@", "", 1), file
	pipe, err := on.pipeline("stranger", to, nil)
	if err != nil {
		return err
	}
	err = errors.Join(logErrors(ctx, pipe, sentryScene), grpcHeld(ctx, pipe, "403", wrong))
	err = errors.Join(err, os.WriteFile(file, []byte(bugsinkKey+"\n"), 0o600), pipe.close(ctx, false))
	if err != nil {
		return err
	}
	return wantReleases(ctx, on, map[string]int{"": sentryScene})
}

// sentryVersions: what version 1 of a service has left in its buffer is shipped by
// version 2 and still says version 1.
func sentryVersions(ctx context.Context, on *stage) error {
	to := sentryAt(on.server.life.at)
	version := func(v string) func(*route.Route, *handler.Options) {
		return func(_ *route.Route, o *handler.Options) { o.Resource.Version = v }
	}
	on.server.kill()
	pipe, err := on.pipeline("versions", to, version("1.0.0"))
	if err != nil {
		return err
	}
	err = logErrors(ctx, pipe, sentryScene)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_ = pipe.handler.Close(gone) // undelivered, as it has to be
	if err := errors.Join(err, on.server.start(ctx)); err != nil {
		return err
	}
	if pipe, err = on.pipeline("versions", to, version("2.0.0")); err != nil {
		return err
	}
	if err := errors.Join(logErrors(ctx, pipe, 1), pipe.close(ctx, false)); err != nil {
		return err
	}
	return wantReleases(ctx, on, map[string]int{"interop@1.0.0": sentryScene, "interop@2.0.0": 1})
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
