package migrating

// quote: stdlog
import (
	"log/slog"

	"github.com/slogship/slogship/handler"
)

// adoptStdLog makes records of what log.Print and its kin write, and of what
// libraries write with them, and makes h what slog.Info and its kin use.
func adoptStdLog(h *handler.Handler) (restore func()) {
	slog.SetDefault(slog.New(h))
	return handler.RedirectStdLog(h, slog.LevelInfo)
}

// end quote
