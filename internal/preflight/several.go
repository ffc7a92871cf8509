package preflight

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/slogship/slogship/transport"
)

// Check looks at several hosts of which any one will do, at the same time. If one
// can be reached, what fails at the others is a warning.
func Check(ctx context.Context, hosts []Host) []transport.Finding {
	found := make([][]transport.Finding, len(hosts))
	var all sync.WaitGroup
	for i := range hosts {
		all.Go(func() { found[i] = hosts[i].Check(ctx) })
	}
	all.Wait()
	return AnyOf(found)
}

// AnyOf joins the findings about parts of which any one will do.
func AnyOf(parts [][]transport.Finding) []transport.Finding {
	reached := false
	var list []transport.Finding
	for _, part := range parts {
		reached = reached || Passed(part)
		list = append(list, part...)
	}
	for i := range list {
		if f := &list[i]; reached && f.Verdict == transport.Failed {
			f.Verdict = transport.Warning
			f.Remedy += "; until then the others get the records"
		}
	}
	return list
}

// Then takes a further step, unless one before it has failed.
func Then(found []transport.Finding, check, subject string, step func() transport.Finding) []transport.Finding {
	if !Passed(found) {
		return append(found, Skip(check, subject, "a step before it failed"))
	}
	return append(found, step())
}

// errNoSocket: what has the socket's name is something else.
var errNoSocket = errors.New("not a socket")

// Socket looks at a socket of this machine, and lets connect try it.
func Socket(path string, connect func() error) []transport.Finding {
	const check = "socket"
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []transport.Finding{Bad(check, path, err, "start the daemon, or correct the path; in a container the socket has to be mounted")}
	case err != nil:
		return []transport.Finding{Bad(check, path, err, "let this user reach the directory")}
	case info.Mode().Type() != fs.ModeSocket:
		return []transport.Finding{Bad(check, path, fmt.Errorf("%w: %s", errNoSocket, info.Mode()), "correct the path")}
	}
	if err := connect(); err != nil {
		return []transport.Finding{Bad(check, path, oneLine{err}, "nobody listens at the socket, or this user may not write to it")}
	}
	return []transport.Finding{Good(check, path, "takes connections")}
}
