package encode

import "log/slog"

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
	case l < 2:
		return 2
	case l < slog.LevelWarn:
		return 3
	case l < slog.LevelError:
		return 4
	case l < 12:
		return 5
	default:
		return 6
	}
}

// LevelName returns the name of the level that covers l, such as "WARN".
func LevelName(l slog.Level) string {
	return [LevelCount]string{"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "FATAL"}[LevelIndex(l)]
}
