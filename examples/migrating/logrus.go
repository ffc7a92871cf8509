package migrating

// quote: logrus
import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/sirupsen/logrus"
)

// logrusHook gives every entry of a logrus.Logger to a slog.Handler as well.
//
//	logger.AddHook(logrusHook{h})
//	logger.SetOutput(io.Discard) // once nobody reads what it prints
type logrusHook struct{ h slog.Handler }

func (logrusHook) Levels() []logrus.Level { return logrus.AllLevels }

func (k logrusHook) Fire(e *logrus.Entry) error {
	ctx, level := e.Context, logrusLevel(e.Level) // WithContext's, so a trace is found
	if ctx == nil {
		ctx = context.Background()
	}
	if !k.h.Enabled(ctx, level) {
		return nil
	}
	var pc uintptr
	if e.HasCaller() { // SetReportCaller
		pc = e.Caller.PC + 1 // slog takes return addresses
	}
	r := slog.NewRecord(e.Time, level, e.Message, pc)
	for _, key := range slices.Sorted(maps.Keys(e.Data)) {
		r.AddAttrs(slog.Any(key, e.Data[key]))
	}
	return k.h.Handle(ctx, r)
}

// logrusLevel: TRACE to ERROR as in slog, FATAL and PANIC become FATAL.
func logrusLevel(l logrus.Level) slog.Level {
	return slog.Level(min(4*(int(logrus.InfoLevel)-int(l)), 12))
}

// end quote
