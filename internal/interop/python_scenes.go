package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

// pythonFields logs one record of each kind, and compares all that logging made
// of it: levels by range, text that would format something, an error and a
// stack, all types of values, names that are a LogRecord's own.
func pythonFields(ctx context.Context, on *stage) error {
	pipe, err := on.pipeline("fields", pickles(on.server.life.at), func(_ *route.Route, o *handler.Options) {
		o.AddSource = true
	})
	if err != nil {
		return err
	}
	wants := pythonCases()
	for _, w := range wants {
		if err := pipe.handler.Log(ctx, w.level, w.msg, w.attrs...); err != nil {
			return errors.Join(err, pipe.close(ctx, false))
		}
	}
	if err := pipe.close(ctx, false); err != nil {
		return err
	}
	n := 0
	_, err = on.server.received(ctx, func(e entry) {
		if n < len(wants) {
			errs := wants[n].check(e.Fields)
			if errs != nil {
				err = errors.Join(err, fmt.Errorf("record %d: %w", n, errs))
			}
		}
		n++
	})
	if n != len(wants) {
		err = errors.Join(err, fmt.Errorf("%d records, want %d: %w", n, len(wants), errScene))
	}
	return err
}

// logCase is a record, and what a LogRecord of it has to be.
type logCase struct {
	level slog.Level
	msg   string
	attrs []slog.Attr
	extra map[string]any
	excs  string // exc_text begins so; "": there is none
}

func pythonCases() []logCase {
	cases := []logCase{
		{msg: "100 % of %s, %(name)s and {}", attrs: []slog.Attr{slog.String("s", "%d\x00\r\n\"größe\" 日本語 😀")}, extra: map[string]any{"s": "%d\x00\r\n\"größe\" 日本語 😀"}},
		{msg: "", attrs: []slog.Attr{slog.Int64("least", -1<<63), slog.Uint64("most", 1<<63), slog.Float64("f", 0.1), slog.Bool("t", true), slog.Any("n", nil)},
			extra: map[string]any{"least": -float64(1 << 63), "most": float64(1 << 63), "f": 0.1, "t": true, "n": nil}},
		{msg: "types", attrs: []slog.Attr{
			slog.Duration("d", 1500*time.Millisecond), slog.Time("at", time.Unix(0, 5).UTC()), slog.Any("b", []byte{0xff, 0}),
			slog.Group("g", slog.Int("i", 1), slog.Group("h", slog.String("levelno", "its own"))), slog.Any("l", []string{"a", "b"}),
		}, extra: map[string]any{
			"d": 1.5e9, "at": "1970-01-01T00:00:00.000000005Z", "b": "/wA=",
			"g": map[string]any{"i": 1.0, "h": map[string]any{"levelno": "its own"}}, "l": []any{"a", "b"},
		}},
		{msg: "forged", attrs: []slog.Attr{
			slog.Int("levelno", 50), slog.String("msg", "forged"), slog.String("exc_text", "forged"), slog.String("getMessage", "forged"),
			slog.String("__class__", "forged"), slog.String("log_id", "forged"), slog.Any("args", []int{1}),
		}, extra: map[string]any{
			"levelno#2": 50.0, "msg#2": "forged", "exc_text#2": "forged", "getMessage#2": "forged", "__class__#2": "forged", "log_id#2": "forged", "args#2": []any{1.0},
		}},
		{level: slog.LevelError, msg: "with an error", attrs: []slog.Attr{slog.Any("err", fmt.Errorf("pay: %w", os.ErrPermission))}, excs: "*fmt.wrapError: pay: permission denied"},
	}
	for level := slog.Level(-9); level <= 17; level++ {
		cases = append(cases, logCase{level: level, msg: fmt.Sprint("level ", int(level)), extra: map[string]any{}})
	}
	return cases
}

// check takes what differs from run to run as it is, after a look at it.
func (c *logCase) check(got map[string]any) error {
	extra, ok := got["extra"].(map[string]any)
	if !ok {
		return fmt.Errorf("extra is %v: %w", got["extra"], errScene)
	}
	created, _ := got["created"].(float64)
	want := pythonRecord(c.level, c.msg, created, c.extra)
	if c.excs != "" {
		if text, _ := got["exc_text"].(string); !strings.HasPrefix(text, c.excs) {
			return fmt.Errorf("exc_text is %q, want %q: %w", text, c.excs, errScene)
		}
		want["exc_text"], want["extra"] = got["exc_text"], extra
		want["formatted"] = c.msg + "\n" + got["exc_text"].(string)
	}
	for name, part := range map[string]string{"pathname": "python_scenes.go", "funcName": "pythonFields"} {
		if text, _ := got[name].(string); !strings.Contains(text, part) {
			return fmt.Errorf("%s is %q, want one with %s: %w", name, text, part, errScene)
		}
	}
	if stack, _ := got["stack_info"].(string); (c.level >= slog.LevelError) != strings.Contains(stack, "pythonFields") {
		return fmt.Errorf("stack_info of a record of level %v is %.200q: %w", c.level, stack, errScene)
	}
	if line, _ := got["lineno"].(float64); line < 1 {
		return fmt.Errorf("lineno is %v: %w", got["lineno"], errScene)
	}
	want["pathname"], want["filename"], want["module"] = got["pathname"], "python_scenes.go", "python_scenes"
	want["lineno"], want["funcName"], want["stack_info"] = got["lineno"], got["funcName"], got["stack_info"]
	if stack, ok := got["stack_info"].(string); ok {
		want["formatted"] = want["formatted"].(string) + "\n" + stack
	}
	if extra["slog_level"] != float64(c.level) || extra["log_id"] == nil || extra["resource"] == nil {
		return fmt.Errorf("extra is %v: %w", extra, errScene)
	}
	if c.excs == "" {
		delete(extra, "slog_level")
		delete(extra, "log_id")
		delete(extra, "resource")
	}
	return sameRecord(got, want)
}

// pythonForged is how many records try to forge others: all 10^5 of the pickles.
const pythonForged = 100_000

// pythonForging sends records of which each text tries to end its message, to
// begin another, or to be an attribute of a LogRecord. Python has as many as
// were sent, each once, and none that is not plain or not ours.
func pythonForging(ctx context.Context, on *stage) error {
	pipe, err := on.pipeline("forging", pickles(on.server.life.at), nil)
	if err != nil {
		return err
	}
	seed := rand.Uint64()
	if err := logForged(ctx, pipe.handler, rand.New(rand.NewPCG(seed, 1)), pythonForged, false); err != nil {
		return errors.Join(err, pipe.close(ctx, false))
	}
	if err := pipe.close(ctx, false); err != nil {
		return err
	}
	received, ids := 0, make(map[string]bool)
	var forged map[string]any
	_, err = on.server.received(ctx, func(e entry) {
		received++
		extra, _ := e.Fields["extra"].(map[string]any)
		if e.ID == "" || ids[e.ID] || e.Fields["levelno"] != 20.0 || e.Fields["processName"] != "interop" || extra["number"] == nil {
			forged = e.Fields
		}
		ids[e.ID] = true
	})
	switch {
	case err != nil:
		return err
	case forged != nil || received != pythonForged:
		return fmt.Errorf("seed %d: %d received, %d sent, forged or not understood: %.500v: %w", seed, received, pythonForged, forged, errScene)
	}
	return nil
}
