package migrating

// quote: otelslog
import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/otlp/oteltrace"
)

// newOTLP speaks to the same collector. OTEL_EXPORTER_OTLP_ENDPOINT and the other
// variables mean what they did; traces and metrics stay with the SDK.
func newOTLP(dir string) (*handler.Handler, error) {
	return handler.New([]route.Route{
		{Name: "collector", To: otlp.Destination{}},
	}, &handler.Options{
		Dir:      dir,
		Resource: encode.Resource{Service: "shop"},
		Trace:    oteltrace.FromContext, // the span of the log call's ctx
	})
}

// end quote
