package migrating

// quote: agent
import (
	"log/slog"
	"os"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/tcp"
)

// newLogger keeps standard output as it is for people and the agent, and ships
// the same records by itself. When all is well, drop Next and the agent.
func newLogger(dir, collector string) (*slog.Logger, *handler.Handler, error) {
	h, err := handler.New([]route.Route{
		{Name: "collector", To: tcp.Destination{Addr: collector}, Levels: route.AtLeast(slog.LevelInfo)},
	}, &handler.Options{
		Dir:      dir,
		Resource: encode.Resource{Service: "shop", Version: "1.4.2"}, // what the agent took from the pod's labels
		Next:     slog.NewJSONHandler(os.Stdout, nil),
	})
	if err != nil {
		return nil, nil, err
	}
	return slog.New(h), h, nil
}

// end quote
