package otlp

import (
	"log/slog"

	"github.com/slogship/slogship/encode"
)

// severity is OpenTelemetry's number for l: INFO is 9 and a step of slog's is one
// of its own, so WARN is 13 and ERROR 17, as its bridge for slog has it. 1 (TRACE)
// to 24 (FATAL4) are all there are
// (https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber).
func severity(l slog.Level) int { return min(max(int(l), -8), 15) + 9 }

// levelOf is the other direction. 0 is a severity that was not given: INFO.
func levelOf(severity int) slog.Level {
	if severity == 0 {
		return slog.LevelInfo
	}
	return slog.Level(severity - 9)
}

// severityText is the level's name as the source has it: "INFO", "ERROR".
func severityText(l slog.Level) string { return encode.LevelName(l) }
