package handler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
)

// warned makes a record of what a transport said over transport.Warn, for its own
// route: who reads what arrives there has to know that anybody could have sent it.
// It is counted as logged.
//
// It is called by the route's worker, which is the only one to make room in the
// buffer. So a buffer that is full must not make it wait: the ctx is done already.
func (c *core) warned(l *lane, message string, attrs []slog.Attr) {
	c.report.failed(l.route.Name, fmt.Errorf("warning: %s %v", message, attrs))
	r := slog.NewRecord(time.Now(), slog.LevelWarn, message, 0)
	r.AddAttrs(attrs...)
	own := call{h: &Handler{core: c}, table: c.table.Load(), level: r.Level, now: r.Time}
	defer own.free()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	own.use(ctx, &r, l.sealer)
	_, err := l.buf.Append(ctx, buffer.Record{
		Payload: own.form.payload, Sum: own.form.sum, Level: uint8(encode.LevelIndex(own.level)), Time: own.now.UnixNano(),
	})
	if !errors.Is(err, buffer.ErrNotDurable) { // it is in the buffer, which will do
		c.report.failed(l.route.Name, err)
	}
}
