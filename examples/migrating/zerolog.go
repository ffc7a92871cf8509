package migrating

// quote: zerolog
import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/rs/zerolog"
)

// zerologWriter lets a zerolog.Logger write to a slog.Handler. zerolog has made
// JSON by then, which is read again here: that costs more than the call itself,
// so it is for the time of moving.
//
//	logger := zerolog.New(zerologWriter{h}).With().Timestamp().Logger()
type zerologWriter struct{ h slog.Handler }

// Write is for records without a level.
func (w zerologWriter) Write(line []byte) (int, error) {
	return w.WriteLevel(zerolog.NoLevel, line)
}

func (w zerologWriter) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	ctx, r := context.Background(), slog.NewRecord(time.Now(), zerologLevel(level), "", 0)
	if !w.h.Enabled(ctx, r.Level) {
		return len(line), nil
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber() // 64-bit numbers stay what they are
	_, err := d.Token()
	for err == nil && d.More() { // token by token, for the order of the fields
		var key json.Token
		var value any
		if key, err = d.Token(); err == nil {
			err = d.Decode(&value)
		}
		switch key {
		case zerolog.LevelFieldName:
		case zerolog.MessageFieldName:
			r.Message, _ = value.(string)
		case zerolog.TimestampFieldName:
			text, _ := value.(string)
			if t, err := time.Parse(zerolog.TimeFieldFormat, text); err == nil {
				r.Time = t
			}
		default:
			r.AddAttrs(slog.Any(key.(string), value))
		}
	}
	if err != nil {
		r.Message = string(line) // none of zerolog's lines
	}
	return len(line), w.h.Handle(ctx, r)
}

// zerologLevel: TRACE to ERROR are four apart in slog and one in zerolog; FATAL
// and PANIC become FATAL, and no level INFO.
func zerologLevel(l zerolog.Level) slog.Level {
	if l == zerolog.NoLevel {
		return slog.LevelInfo
	}
	return slog.Level(min(4*(int(l)-1), 12))
}

// end quote
