package encode

import "log/slog"

// Resource says which process logged a record. It is stored once per buffer
// segment, so a backlog that another version or pod delivers keeps the
// identity of the process that wrote it.
type Resource struct {
	Service     string      // service.name
	Version     string      // service.version
	Environment string      // deployment.environment.name
	Instance    string      // service.instance.id
	Host        string      // host.name
	PID         int         // process.pid; 0 if unknown
	Attrs       []slog.Attr // further attributes, resolved as Record.Attrs are
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
