package otlp

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"

	"github.com/slogship/slogship/encode"
)

// DetectResource returns who this process is, for handler.Options.Resource: what
// OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say, and what the process knows
// of itself: host.name, process.pid, process.executable.name,
// process.runtime.name, process.runtime.version, os.type and host.arch. Without
// a name in either variable the service is "unknown_service:" and the
// program's name (https://opentelemetry.io/docs/specs/otel/resource/sdk/).
// lookup reads a variable; nil is os.LookupEnv.
//
// It belongs to the handler and not to the Destination, so that it is kept with
// each record: a backlog that a later version of the service delivers still has
// the version that wrote it.
func DetectResource(lookup func(name string) (value string, found bool)) (encode.Resource, error) {
	if lookup == nil {
		lookup = os.LookupEnv
	}
	e := environment{lookup}
	program := "unknown"
	if path, err := os.Executable(); err == nil {
		program = filepath.Base(path)
	}
	r := encode.Resource{Service: "unknown_service:" + program, PID: os.Getpid()}
	r.Host, _ = os.Hostname() // an unknown host is an empty one
	pairs, err := parsePairs(e.get("OTEL_RESOURCE_ATTRIBUTES"))
	if err != nil {
		return r, fmt.Errorf("otlp: OTEL_RESOURCE_ATTRIBUTES: key=value,key=value is known: %w", err)
	}
	said := map[string]bool{}
	for _, p := range pairs {
		setResource(&r, p, said)
		said[p.key] = true
	}
	if name := e.get("OTEL_SERVICE_NAME"); name != "" {
		r.Service = name
	}
	for _, p := range [...]pair{
		{"process.executable.name", program}, {"process.runtime.name", "go"}, {"process.runtime.version", runtime.Version()},
		{"os.type", osType(runtime.GOOS)}, {"host.arch", arch(runtime.GOARCH)},
	} {
		if !said[p.key] {
			r.Attrs = append(r.Attrs, slog.String(p.key, p.value))
		}
	}
	return r, nil
}

// setResource sets one attribute; the last one of a name holds. process.pid is not
// among the fields here: a variable that says one is another process's, and lands
// beside the true one as process.pid_2, where it can be seen.
func setResource(r *encode.Resource, p pair, said map[string]bool) {
	switch p.key {
	case "service.name":
		r.Service = p.value
	case "service.version":
		r.Version = p.value
	case "deployment.environment.name":
		r.Environment = p.value
	case "service.instance.id":
		r.Instance = p.value
	case "host.name":
		r.Host = p.value
	default:
		for i := range r.Attrs {
			if said[p.key] && r.Attrs[i].Key == p.key {
				r.Attrs[i].Value = slog.StringValue(p.value)
				return
			}
		}
		r.Attrs = append(r.Attrs, slog.String(p.key, p.value))
	}
}

// osType is the conventions' name where it is not Go's.
func osType(goos string) string {
	if goos == "dragonfly" {
		return "dragonflybsd"
	}
	return goos
}

func arch(goarch string) string {
	switch goarch {
	case "386":
		return "x86"
	case "arm":
		return "arm32"
	case "ppc64le":
		return "ppc64"
	}
	return goarch
}
