package migrating

// quote: samber
import (
	"log/slog"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/loki"
	"github.com/slogship/slogship/transport/sentry"
	"github.com/slogship/slogship/transport/syslog"
)

// newRouted is Fanout, Router, Pipe and the sampling middleware as data.
func newRouted(dir, lokiURL, dsn string) (*handler.Handler, error) {
	return handler.New([]route.Route{
		// slogmulti.Fanout: every route that takes a record gets it.
		{Name: "console", To: console.Destination{}, Direct: true},
		{Name: "loki", To: loki.Destination{URL: lokiURL}, Levels: route.AtLeast(slog.LevelInfo),
			// slogsampling.ThresholdSamplingOption{Tick: time.Second, Threshold: 10, Rate: 0.1}
			Sample: route.Sample{First: 10, Every: 10}},
		// slogmulti.Router().Add(handler, func(ctx, r) bool { … })
		{Name: "audit", To: syslog.Destination{Addr: "audit.internal", Network: "tcp"}, Match: route.Equals("kind", "audit")},
		{Name: "sentry", To: sentry.Destination{DSN: dsn}, Levels: route.AtLeast(slog.LevelError)},
	}, &handler.Options{
		Dir: dir,
		// slogformatter, and Pipe with a middleware that changes attributes
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == "email" {
				return slog.String("email", "***")
			}
			return a
		},
	})
}

// end quote
