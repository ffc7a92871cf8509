package handler

import (
	"context"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/deliver"
)

// deadLetters returns where l's dead letters go; nil: they are counted.
func (c *core) deadLetters(l *lane) func(context.Context, *deliver.Dead) error {
	if target := l.deadTo; target != nil {
		return func(ctx context.Context, d *deliver.Dead) error {
			return c.deadTo(ctx, target, l, d)
		}
	}
	if l.deadFile == nil {
		return nil
	}
	return func(ctx context.Context, d *deliver.Dead) error {
		return l.deadFile.store(ctx, c.letter(l, d))
	}
}

// deadTarget returns the track of the lane that gets l's dead letters; nil: none
// does.
func deadTarget(l *lane, lanes []*lane) *track {
	if target := laneNamed(lanes, l.route.DeadLetter); target != nil {
		return target.track
	}
	return nil
}

// letter is the record with what happened to it. The resource stays that of
// the process that logged it.
func (c *core) letter(l *lane, d *deliver.Dead) encode.Record {
	rec := *d.Record
	rec.Attrs = append(rec.Attrs[:len(rec.Attrs):len(rec.Attrs)], letterAttr(l, d))
	if rec.Resource == nil {
		rec.Resource = c.resource
	}
	return rec
}

func letterAttr(l *lane, d *deliver.Dead) slog.Attr {
	attrs := []any{
		slog.String("route", l.route.Name), slog.String("reason", d.Reason), slog.Int("attempts", d.Attempts),
	}
	if d.Answer != nil {
		attrs = append(attrs, slog.String("answer", d.Answer.Error()))
	}
	if !d.First.IsZero() {
		attrs = append(attrs, slog.Time("first_attempt", d.First))
	}
	return slog.Group("dead_letter", attrs...)
}

// deadTo hands the letter to another route.
func (c *core) deadTo(ctx context.Context, target *track, from *lane, d *deliver.Dead) error {
	rec := c.letter(from, d)
	if target.buf == nil {
		err := target.direct.send(ctx, []encode.Record{rec})
		if err == nil {
			target.direct.delivered.Add(1) // one that fails comes again, and is no loss
		}
		return err
	}
	header := codec.Header{
		ID: rec.ID, Time: rec.Time, Observed: rec.Observed, Level: rec.Level, Message: rec.Message,
		Scope: rec.Scope, Trace: rec.Trace, Stack: rec.Stack,
	}
	if rec.Source != (slog.Source{}) {
		header.Source = codec.AppendSource(nil, &rec.Source)
	}
	payload := codec.AppendHeader(nil, &header)
	for _, a := range rec.Attrs {
		payload = codec.AppendAttr(payload, a)
	}
	// Not durable is an error here as any other: the letter is appended again,
	// which at worst makes it two, and the record that it is about stays meanwhile.
	at, err := target.buf.Append(ctx, buffer.Record{
		Payload: payload, Sum: buffer.Sum(payload),
		Level: uint8(encode.LevelIndex(rec.Level)), Time: time.Now().UnixNano(),
	})
	if err == nil {
		target.tookLetter(at) // before the worker acknowledges the record: see Flush
	}
	return err
}
