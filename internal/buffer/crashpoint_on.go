//go:build crashpoints

package buffer

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// crashAt is SLOGSHIP_CRASH_AT, "name" or "name:n" for the n-th time.
var crashAt = os.Getenv("SLOGSHIP_CRASH_AT")

// crashCount counts how often the point in crashAt was reached.
var crashCount atomic.Int64

// crash kills the process, as SIGKILL does, if it is at the point asked for.
func crash(name string) {
	want, nth, _ := strings.Cut(crashAt, ":")
	if want != name {
		return
	}
	n, _ := strconv.ParseInt(nth, 10, 64)
	switch passed := crashCount.Add(1); {
	case passed < max(n, 1):
		return
	case passed > max(n, 1):
		select {} // another goroutine is at it, and must get its mark written
	}
	// The witness: without it a death by the test's clock looks the same, and a
	// point that is never passed would count as survived.
	if mark := os.Getenv("SLOGSHIP_CRASH_MARK"); mark != "" {
		_ = os.WriteFile(mark, []byte(name), 0o600)
	}
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		_ = p.Kill()
	}
	select {} // the signal may arrive on another thread
}
