package encode

import "log/slog"

// Resource says which process logged a record. It is stored once per buffer
// segment, so a backlog that another version or pod delivers keeps the
// identity of the process that wrote it.
type Resource struct {
	Service     string      // service.name. Default ""
	Version     string      // service.version. Default ""
	Environment string      // deployment.environment.name. Default ""
	Instance    string      // service.instance.id. Default ""
	Host        string      // host.name. Default: what the system says, in handler
	PID         int         // process.pid; 0: unknown, and handler fills it in
	Attrs       []slog.Attr // further attributes, resolved as Record.Attrs are. Default: none
}

// Clone returns a copy of r that shares no memory with it.
func (r *Resource) Clone() *Resource {
	return &Resource{
		Service:     cloneString(r.Service),
		Version:     cloneString(r.Version),
		Environment: cloneString(r.Environment),
		Instance:    cloneString(r.Instance),
		Host:        cloneString(r.Host),
		PID:         r.PID,
		Attrs:       cloneAttrs(r.Attrs),
	}
}
