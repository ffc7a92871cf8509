package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	lokipush "github.com/slogship/slogship/transport/loki" // loki is the server
)

// refusedEntry: one record of many is older than Loki takes. It is in the dead
// letter with Loki's reason; all others are there once, although Loki has
// stored most of them when it refused the request, and got them again.
func refusedEntry(ctx context.Context, on *stage) error {
	const bad = sceneRecords / 2
	stats, err := logAt(ctx, on, "refused", nil, func(i int) (slog.Level, time.Time) {
		if i == bad {
			return slog.LevelInfo, time.Now().Add(-8 * 24 * time.Hour)
		}
		return slog.LevelInfo, time.Now()
	})
	if err != nil {
		return err
	}
	if err := deadIs(on, "refused", stats, "timestamp too old"); err != nil {
		return err
	}
	return wantEntries(ctx, on.server.life.at, "refused", sceneRecords-1)
}

// refusedStream: a stream's entry is refused as too far behind, and the stream
// after it takes everything. Were both in one request, Loki would answer 204.
func refusedStream(ctx context.Context, on *stage) error {
	const bad = sceneRecords / 2
	byLevel := func(d *lokipush.Destination) { d.LevelLabel = true }
	stats, err := logAt(ctx, on, "behind", byLevel, func(i int) (slog.Level, time.Time) {
		switch {
		case i == bad:
			return slog.LevelInfo, time.Now().Add(-3 * time.Hour)
		case i > bad:
			return slog.LevelError, time.Now()
		default:
			return slog.LevelInfo, time.Now()
		}
	})
	if err != nil {
		return err
	}
	if err := deadIs(on, "behind", stats, "too far behind"); err != nil {
		return err
	}
	return wantEntries(ctx, on.server.life.at, "behind", sceneRecords-1)
}

// lokiLimits: records at and beyond what Loki takes of a line and of metadata
// are delivered, with names that are none.
func lokiLimits(ctx context.Context, on *stage) error {
	at := on.server.life.at
	pipe, err := on.pipeline("limits", lokiAt(at), func(_ *route.Route, o *handler.Options) { o.Resource.Service = "limits" })
	if err != nil {
		return err
	}
	many := make([]any, 0, 200)
	for i := range 200 {
		many = append(many, slog.Int(fmt.Sprintf("attr%d", i), i))
	}
	wide := strings.Repeat("größe ", 60_000)
	for _, attrs := range [][]any{
		many[:120], many, {slog.String("wide", wide)}, {slog.String("wide", wide[:60_000])},
		{slog.String("", "no name"), slog.String("日本語", "no letter"), slog.String("___", "underscores"), slog.String("1st", "a digit"), slog.String("a.b", "1"), slog.String("a_b", "2"), slog.String("a__b", "3")},
		{slog.String("level", "forged"), slog.String("service_name", "forged"), slog.String("detected_level", "forged"), slog.String("empty", "")},
		{slog.String("__error__", "reserved"), slog.String("__stream_shard__", "7"), slog.String("bad", "\xff\xfe\x00")},
	} {
		logger := slog.New(pipe.handler)
		logger.Info("of any content", attrs...)
		logger.Info(wide, attrs...)
	}
	err = pipe.handler.Flush(ctx)
	stats := pipe.handler.Stats().Routes[0]
	if err := errors.Join(err, pipe.close(ctx, false)); err != nil {
		return err
	}
	if stats.Delivered != 14 || stats.Dead != 0 {
		return fmt.Errorf("%d delivered, %d dead, %s: %w", stats.Delivered, stats.Dead, stats.LastError, errScene)
	}
	return wantEntries(ctx, at, "limits", 14)
}

// logAt logs sceneRecords records of a level and a time each, in two halves, and
// closes the pipeline when all have an answer. The service is the scene.
func logAt(ctx context.Context, on *stage, name string, adjust func(*lokipush.Destination), of func(i int) (slog.Level, time.Time)) (handler.RouteStats, error) {
	to := lokiAt(on.server.life.at)
	to.MaxSkew = -1 // what Loki refuses is what is tried
	if adjust != nil {
		adjust(&to)
	}
	pipe, err := on.pipeline(name, to, func(_ *route.Route, o *handler.Options) { o.Resource.Service = name })
	if err != nil {
		return handler.RouteStats{}, err
	}
	for i := range sceneRecords {
		level, at := of(i)
		if i == sceneRecords/2 {
			err = pipe.handler.Flush(ctx) // only what is stored can be far ahead
		}
		if err := errors.Join(err, pipe.handler.Handle(ctx, slog.NewRecord(at, level, fmt.Sprintf("%s %d", name, i), 0))); err != nil {
			return handler.RouteStats{}, errors.Join(err, pipe.close(ctx, false))
		}
	}
	err = errors.Join(err, pipe.handler.Flush(ctx))
	stats := pipe.handler.Stats().Routes[0]
	return stats, errors.Join(err, pipe.close(ctx, false))
}

// deadIs checks that one record is dead, for that reason.
func deadIs(on *stage, name string, stats handler.RouteStats, reason string) error {
	dead, err := deadLetters(filepath.Join(on.dir, "buffer", name))
	switch {
	case err != nil:
		return fmt.Errorf("%d delivered, %d dead: %w", stats.Delivered, stats.Dead, err)
	case stats.Delivered != sceneRecords-1 || stats.Dead != 1:
		return fmt.Errorf("%d delivered, %d dead: %w", stats.Delivered, stats.Dead, errScene)
	case !strings.Contains(dead, reason):
		return fmt.Errorf("dead letter %.500q: %w", dead, errScene)
	}
	return nil
}

// wantEntries checks how many entries of a service Loki shows.
func wantEntries(ctx context.Context, at place, service string, want int) error {
	got := 0
	read := lokiQuery(func(row map[string]any) entry {
		if row["service_name"] == service {
			got++
		}
		return entry{}
	})
	if err := read(ctx, at, func(entry) {}); err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("in Loki are %d entries of %q, want %d: %w", got, service, want, errScene)
	}
	return nil
}

// wrongTenant: without a tenant Loki takes nothing, and nothing is lost; the next
// life of the service has one, and all arrives. Records of another tenant are
// not among them.
func wrongTenant(ctx context.Context, on *stage) error {
	right := lokiAt(on.server.life.at)
	other, none := right, right
	other.Tenant, none.Tenant = "other", ""
	pipe, err := on.pipeline("other", other, nil)
	if err != nil {
		return err
	}
	if err := errors.Join(logNumbered(ctx, pipe, 0), pipe.close(ctx, true)); err != nil {
		return err
	}
	if pipe, err = on.pipeline("tenant", none, nil); err != nil {
		return err
	}
	if err := errors.Join(logHeld(ctx, pipe, "401"), closeHeld(ctx, pipe)); err != nil {
		return err
	}
	if pipe, err = on.pipeline("tenant", right, nil); err != nil {
		return err
	}
	if err := pipe.close(ctx, true); err != nil {
		return err
	}
	j := newJudge(1, relpSceneRecords)
	if _, err := on.server.received(ctx, j.take); err != nil {
		return err
	}
	if v := j.sentence(); v.lost > 0 || v.altered+v.foreign > 0 || v.received != relpSceneRecords {
		return fmt.Errorf("%+v: %w", v, errScene)
	}
	return nil
}
