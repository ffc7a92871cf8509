package sentry

import (
	"log/slog"

	sdk "github.com/getsentry/sentry-go"

	"github.com/slogship/slogship/encode"
)

// eventLevel goes by ranges: a level between two names is not lost, as it is
// where names are looked up in a map.
func eventLevel(l slog.Level) sdk.Level {
	switch {
	case l < slog.LevelInfo:
		return sdk.LevelDebug
	case l < slog.LevelWarn:
		return sdk.LevelInfo
	case l < slog.LevelError:
		return sdk.LevelWarning
	case l < encode.LevelFatal:
		return sdk.LevelError
	default:
		return sdk.LevelFatal
	}
}

// logLevel is the same for logs, which know TRACE too, with the number that
// OpenTelemetry gives it.
func logLevel(l slog.Level) (sdk.LogLevel, int) {
	severity := min(max(int(l)+9, 1), 24)
	switch {
	case l < slog.LevelDebug:
		return sdk.LogLevelTrace, severity
	case l < slog.LevelInfo:
		return sdk.LogLevelDebug, severity
	case l < slog.LevelWarn:
		return sdk.LogLevelInfo, severity
	case l < slog.LevelError:
		return sdk.LogLevelWarn, severity
	case l < encode.LevelFatal:
		return sdk.LogLevelError, severity
	default:
		return sdk.LogLevelFatal, severity
	}
}
