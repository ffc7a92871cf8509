package migrating

// quote: zap
import (
	"context"
	"log/slog"

	"go.uber.org/zap/zapcore"
)

// zapCore lets a zap.Logger write to a slog.Handler, so that a program may move
// call by call:
//
//	logger := zap.New(&zapCore{h: h}, zap.AddCaller())
type zapCore struct{ h slog.Handler }

func (c *zapCore) Enabled(level zapcore.Level) bool {
	return c.h.Enabled(context.Background(), zapLevel(level))
}

func (c *zapCore) With(fields []zapcore.Field) zapcore.Core {
	return &zapCore{c.h.WithAttrs(zapAttrs(fields))}
}

func (c *zapCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

func (c *zapCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	var pc uintptr
	if e.Caller.Defined { // AddCaller
		pc = e.Caller.PC + 1 // slog takes return addresses
	}
	r := slog.NewRecord(e.Time, zapLevel(e.Level), e.Message, pc)
	r.AddAttrs(zapAttrs(fields)...)
	if e.LoggerName != "" {
		r.AddAttrs(slog.String("logger", e.LoggerName))
	}
	return c.h.Handle(context.Background(), r)
}

func (c *zapCore) Sync() error { return nil } // what Handle took survives the process

// zapLevel: DEBUG, INFO, WARN and ERROR are four apart in slog and one in zap;
// DPANIC, PANIC and FATAL become FATAL.
func zapLevel(l zapcore.Level) slog.Level {
	return slog.Level(min(4*int(l), 12))
}

// zapAttrs makes attributes of fields. A zap.Error stays an error, with its
// causes; a namespace becomes a group.
func zapAttrs(fields []zapcore.Field) []slog.Attr {
	attrs := make([]slog.Attr, 0, len(fields))
	for i, f := range fields {
		if f.Type == zapcore.NamespaceType {
			return append(attrs, slog.Attr{Key: f.Key, Value: slog.GroupValue(zapAttrs(fields[i+1:])...)})
		}
		if err, ok := f.Interface.(error); ok && f.Type == zapcore.ErrorType {
			attrs = append(attrs, slog.Any(f.Key, err))
			continue
		}
		m := zapcore.NewMapObjectEncoder()
		f.AddTo(m)
		for key, value := range m.Fields {
			attrs = append(attrs, slog.Any(key, value))
		}
	}
	return attrs
}

// end quote
