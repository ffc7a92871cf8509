package handler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// Finding is one finding of Validate.
type Finding struct {
	Route string `json:"route,omitempty"` // "": about the handler
	transport.Finding
}

// Report is what Validate has found: plain data, for machines as JSON.
type Report struct {
	Findings []Finding `json:"findings"` // the handler's first, then the routes' in their order
}

// ValidateError is a Report's failures as an error. It wraps their causes.
type ValidateError struct{ Failed []Finding }

func (e *ValidateError) Error() string {
	var lines []string
	for _, f := range e.Failed {
		lines = append(lines, f.String())
	}
	return fmt.Sprintf("handler: validate: %d failed: %s", len(lines), strings.Join(lines, "; "))
}

// Unwrap returns the causes that are known.
func (e *ValidateError) Unwrap() []error {
	var errs []error
	for _, f := range e.Failed {
		if f.Err != nil {
			errs = append(errs, f.Err)
		}
	}
	return errs
}

// String returns the finding as one line, with its route.
func (f Finding) String() string {
	if f.Route == "" {
		return f.Finding.String()
	}
	return fmt.Sprintf("route %q: %s", f.Route, f.Finding)
}

// Err returns nil if nothing failed, else a *ValidateError.
func (r *Report) Err() error {
	var failed []Finding
	for _, f := range r.Findings {
		if f.Verdict == transport.Failed {
			failed = append(failed, f)
		}
	}
	if failed == nil {
		return nil
	}
	return &ValidateError{failed}
}

// String returns the report for people: a line for each finding, under its route.
func (r *Report) String() string {
	var text strings.Builder
	count := make(map[transport.Verdict]int)
	for i, f := range r.Findings {
		if i > 0 && f.Route != r.Findings[i-1].Route || i == 0 && f.Route != "" {
			fmt.Fprintf(&text, "route %q\n", f.Route)
		}
		fmt.Fprintf(&text, "  %s\n", f.Finding)
		count[f.Verdict]++
	}
	fmt.Fprintf(&text, "%d ok, %d warnings, %d failed, %d skipped\n", count[transport.OK], count[transport.Warning], count[transport.Failed], count[transport.Skipped])
	return text.String()
}

// routeTime bounds what is looked at for one route; Validate's ctx bounds all.
const routeTime = 20 * time.Second

// Validate looks whether a handler with these routes and options would work,
// and starts nothing: the configuration; the rights, the volume, the room and the
// locks of Options.Dir; and, step by step, the way to each destination (its
// name, a connection, TLS, credentials, the topic), as far as its transport can
// ask without sending a record. Each finding has a remedy where there is
// one, and holds no secret.
//
// It makes nothing that stays: to learn whether it may write to Dir, it makes and
// removes an empty file there. Routes are looked at in parallel, each for 20 s at
// most. It may be called beside a handler that runs, whose lock it then finds
// held. What it says was so at that moment: nothing of it is a promise for later.
func Validate(ctx context.Context, routes []route.Route, opts *Options) *Report {
	report := &Report{}
	add := func(found ...transport.Finding) {
		for _, f := range found {
			report.Findings = append(report.Findings, Finding{Finding: f})
		}
	}
	o, err := opts.withDefaults()
	if err != nil {
		add(failed("options", "", err, "correct the option"))
		return report
	}
	add(passed("options", "", "valid"))
	if err := route.Validate(routes); err != nil {
		add(failed("routes", "", flat{err}, "correct the routes"))
		return report
	}
	add(passed("routes", "", "%d, valid", len(routes)))
	add((&ground{fsys: vfs.OS{}, opts: &o, mounts: readMounts()}).check(routes)...)
	found := make([][]Finding, len(routes))
	var all sync.WaitGroup
	for i := range routes {
		all.Go(func() { found[i] = checkRoute(ctx, &routes[i], &o) })
	}
	all.Wait()
	for _, f := range found {
		report.Findings = append(report.Findings, f...)
	}
	return report
}

// checkRoute looks at one route: its lock, and the way to its destination.
func checkRoute(ctx context.Context, r *route.Route, o *Options) []Finding {
	ctx, cancel := context.WithTimeout(ctx, routeTime)
	defer cancel()
	var list []transport.Finding
	if o.Dir != "" && !r.Direct {
		list = append(list, checkLock(vfs.OS{}, o.Dir, r.Name)...)
	}
	if err := contained(func() error {
		list = append(list, checkDestination(ctx, r)...)
		return nil
	}); err != nil {
		list = append(list, failed("destination", "", err, "its transport has a bug"))
	}
	out := make([]Finding, len(list))
	for i, f := range list {
		out[i] = Finding{Route: r.Name, Finding: f}
	}
	return out
}

// checkDestination opens the destination, which connects to nothing, asks its
// transport, and closes it.
func checkDestination(ctx context.Context, r *route.Route) []transport.Finding {
	t, err := r.To.Open()
	if err != nil {
		return []transport.Finding{failed("configuration", "", flat{err}, "correct the field that is named")}
	}
	defer t.Close()
	if r.Direct && !t.Describe().Direct {
		return []transport.Finding{failed("configuration", "Direct", route.ErrInvalid, "Direct is for console, file and memory: leave it out")}
	}
	found := []transport.Finding{passed("configuration", "", "valid")}
	if checker, ok := t.(transport.Checker); ok {
		return append(found, checker.Check(ctx)...)
	}
	prober, ok := t.(transport.Prober)
	if !ok {
		return append(found, skipped("destination", "", "this transport can't be asked without sending a record"))
	}
	if err := prober.Probe(ctx); err != nil {
		return append(found, failed("probe", "", flat{err}, "see the error; records wait in the buffer meanwhile"))
	}
	return append(found, passed("probe", "", "the destination would accept records"))
}

// flat is a joined error on one line.
type flat struct{ error }

func (e flat) Error() string { return strings.ReplaceAll(e.error.Error(), "\n", "; ") }
func (e flat) Unwrap() error { return e.error }

// The findings of this package have the same form.

func passed(check, subject, format string, args ...any) transport.Finding {
	return transport.Finding{Check: check, Subject: subject, Verdict: transport.OK, Found: fmt.Sprintf(format, args...)}
}

func warned(check, subject, found, remedy string) transport.Finding {
	return transport.Finding{Check: check, Subject: subject, Verdict: transport.Warning, Found: found, Remedy: remedy}
}

func failed(check, subject string, err error, remedy string) transport.Finding {
	return transport.Finding{Check: check, Subject: subject, Verdict: transport.Failed, Found: err.Error(), Remedy: remedy, Err: err}
}

func skipped(check, subject, why string) transport.Finding {
	return transport.Finding{Check: check, Subject: subject, Verdict: transport.Skipped, Found: why}
}

var errNoRoom = errors.New("less is free than MinFree keeps")
