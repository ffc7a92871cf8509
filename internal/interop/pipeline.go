package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/deliver"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/transport"
)

// pipeline is everything between a log call and the destination.
type pipeline struct {
	ids    *encode.IDSource
	buffer *buffer.Buffer
	worker *deliver.Worker
}

func openPipeline(dir string, to transport.Destination) (*pipeline, error) {
	t, err := to.Open()
	if err != nil {
		return nil, err
	}
	ids := encode.NewIDSource()
	b, err := buffer.Open(vfs.OS{}, dir, &buffer.Options{NewID: func() [16]byte { return ids.Next(time.Now()) }})
	if err != nil {
		return nil, err
	}
	w := deliver.Start(&deliver.Options{
		Route: "interop", Buffer: b, Transport: t,
		InitialInterval: 20 * time.Millisecond, MaxInterval: 200 * time.Millisecond,
	})
	return &pipeline{ids: ids, buffer: b, worker: w}, nil
}

// log is safe for concurrent use.
func (p *pipeline) log(ctx context.Context, attrs ...slog.Attr) error {
	now := time.Now()
	h := codec.Header{ID: p.ids.Next(now), Time: now, Level: slog.LevelInfo, Message: message}
	payload := codec.AppendHeader(nil, &h)
	for _, a := range attrs {
		payload = codec.AppendAttr(payload, a)
	}
	_, err := p.buffer.Append(ctx, buffer.Record{
		Payload: payload, Sum: buffer.Sum(payload), Level: uint8(encode.LevelIndex(h.Level)), Time: now.UnixNano(),
	})
	return err
}

// close returns nil when everything was delivered.
func (p *pipeline) close(ctx context.Context) error {
	p.buffer.Stop()
	return errors.Join(p.worker.Close(ctx), p.buffer.Close())
}
