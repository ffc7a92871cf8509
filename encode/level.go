package encode

import "log/slog"

// The levels that log/slog does not name.
const (
	LevelTrace  = slog.Level(-8)
	LevelNotice = slog.Level(2)
	LevelFatal  = slog.Level(12)
)

// LevelCount is how many named levels there are: TRACE, DEBUG, INFO, NOTICE,
// WARN, ERROR and FATAL.
const LevelCount = 7

// LevelIndex returns the named level that covers l, counted from 0 (TRACE) to
// 6 (FATAL). A name covers its own value up to the next name's; TRACE is open
// downward and FATAL upward. So slog.LevelInfo+1 is INFO and slog.LevelError+1
// is ERROR.
func LevelIndex(l slog.Level) int {
	switch {
	case l < slog.LevelDebug:
		return 0
	case l < slog.LevelInfo:
		return 1
	case l < LevelNotice:
		return 2
	case l < slog.LevelWarn:
		return 3
	case l < slog.LevelError:
		return 4
	case l < LevelFatal:
		return 5
	default:
		return 6
	}
}

// LevelName returns the name of the level that covers l, such as "WARN".
func LevelName(l slog.Level) string {
	return [LevelCount]string{"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "FATAL"}[LevelIndex(l)]
}

// NamedLevel returns the level that index, as LevelIndex counts, is named after.
// An index beyond either end stands for the level there, so that a number read
// from a file always has a level.
func NamedLevel(index int) slog.Level {
	return [LevelCount]slog.Level{
		LevelTrace, slog.LevelDebug, slog.LevelInfo, LevelNotice, slog.LevelWarn, slog.LevelError, LevelFatal,
	}[min(max(index, 0), LevelCount-1)]
}
