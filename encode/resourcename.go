package encode

import "log/slog"

// The names of a resource's fields are OpenTelemetry's
// (https://opentelemetry.io/docs/specs/semconv/resource/).
const (
	resService     = "service.name"
	resVersion     = "service.version"
	resEnvironment = "deployment.environment.name"
	resInstance    = "service.instance.id"
	resHost        = "host.name"
	resPID         = "process.pid"
)

// resourceNames are reserved among a resource's own attributes. Never written
// to.
var (
	resourceNames = reserved{resService, resVersion, resEnvironment, resInstance, resHost, resPID}
	resourceTaken = resourceNames.taken()
)

// resource appends r as an object of its own: "host" and "version" beside the
// attributes would take names that attributes often have.
func (w *jsonWriter) resource(dst []byte, r *Resource) []byte {
	start := len(dst)
	dst = w.text(dst, `,"`+resService+`":`, r.Service)
	dst = w.text(dst, `,"`+resVersion+`":`, r.Version)
	dst = w.text(dst, `,"`+resEnvironment+`":`, r.Environment)
	dst = w.text(dst, `,"`+resInstance+`":`, r.Instance)
	dst = w.text(dst, `,"`+resHost+`":`, r.Host)
	if r.PID != 0 {
		dst = append(dst, `,"`+resPID+`":`...)
		dst = appendInt(dst, int64(r.PID))
	}
	if len(r.Attrs) > 0 {
		dst = w.resourceAttrs(dst, r.Attrs)
	}
	return closeObject(dst, start)
}

func (w *jsonWriter) resourceAttrs(dst []byte, attrs []slog.Attr) []byte {
	wider := *w
	wider.limit = w.tail(dst)
	names := resourceTaken
	return wider.attrs(dst, attrs, &names, resourceNames, 2)
}
