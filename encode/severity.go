package encode

import "log/slog"

// Severity is a syslog severity (RFC 5424 §6.2.1): 0 is the worst, 7 the least.
// GELF and journald use the same numbers.
type Severity uint8

// The severities.
const (
	Emergency     Severity = 0
	Alert         Severity = 1
	Critical      Severity = 2
	Err           Severity = 3
	Warning       Severity = 4
	Notice        Severity = 5
	Informational Severity = 6
	Debug         Severity = 7
)

// The levels from which on the two worst severities begin. slog has no names
// for them; they are as far above FATAL as FATAL is above ERROR.
const (
	levelAlert     = slog.Level(16)
	levelEmergency = slog.Level(20)
)

// SeverityOf returns the severity that l has in syslog, by range, so that every
// level has one: 20 and above emerg, 16 alert, 12 (FATAL) crit, 8 (ERROR) err,
// 4 (WARN) warning, 2 notice, 0 (INFO) info, and all below it debug.
func SeverityOf(l slog.Level) Severity {
	switch {
	case l >= levelEmergency:
		return Emergency
	case l >= levelAlert:
		return Alert
	case l >= LevelFatal:
		return Critical
	case l >= slog.LevelError:
		return Err
	case l >= slog.LevelWarn:
		return Warning
	case l >= LevelNotice:
		return Notice
	case l >= slog.LevelInfo:
		return Informational
	default:
		return Debug
	}
}

// Level returns the lowest level that has the severity s, but DEBUG (-4) for
// Debug, which has none. So SeverityOf(s.Level()) == s. What is no severity, a
// number above 7, counts as Debug.
func (s Severity) Level() slog.Level {
	if s > Debug {
		s = Debug
	}
	return [...]slog.Level{
		levelEmergency, levelAlert, LevelFatal, slog.LevelError,
		slog.LevelWarn, LevelNotice, slog.LevelInfo, slog.LevelDebug,
	}[s]
}

// String returns the keyword that syslog programs use: "emerg", "alert", "crit",
// "err", "warning", "notice", "info" or "debug".
func (s Severity) String() string {
	if s > Debug {
		s = Debug
	}
	return [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}[s]
}
