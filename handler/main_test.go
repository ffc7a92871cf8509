package handler_test

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/slogship/slogship/internal/vfs"
)

// Environment variables that make a child process of the test binary. Children
// are needed wherever a process has to end: by a signal, os.Exit or a panic.
const (
	envChild = "SLOGSHIP_TEST_CHILD" // which one, see TestMain
	envDir   = "SLOGSHIP_TEST_DIR"
	envMode  = "SLOGSHIP_TEST_MODE" // "mapped" or "written"
	envArg   = "SLOGSHIP_TEST_ARG"  // the child's own
	envIdle  = "SLOGSHIP_TEST_IDLE" // the child has a child, that gets its stdin
)

func TestMain(m *testing.M) {
	switch dir := os.Getenv(envDir); os.Getenv(envChild) {
	case "":
		os.Exit(m.Run())
	case "log":
		logForEver(dir)
	case "reload":
		reloadForEver(dir)
	case "idle":
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test closes it
		os.Exit(0)
	case "end":
		logAndEnd(dir)
	}
	os.Exit(3)
}

func nightly() bool { return os.Getenv("SLOGSHIP_NIGHTLY") != "" }

// share is how much of a test runs: all of it at night.
func share(usual, night int) int {
	if nightly() {
		return night
	}
	return usual
}

// childProcess is a command that will run the named child.
func childProcess(name, dir, mode, arg string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), envChild+"="+name, envDir+"="+dir, envMode+"="+mode, envArg+"="+arg)
	c.Stderr = os.Stderr
	return c
}

// fileSystem returns the real one, for "written" without mappings: as on a
// volume that cannot map, where the buffer falls back to plain writes.
func fileSystem(mode string) vfs.FS {
	if mode == "written" {
		return unmapped{vfs.OS{}}
	}
	return vfs.OS{}
}

type unmapped struct{ vfs.FS }

func (u unmapped) Create(name string) (vfs.File, error) { return withoutMap(u.FS.Create(name)) }
func (u unmapped) Open(name string) (vfs.File, error)   { return withoutMap(u.FS.Open(name)) }

func withoutMap(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return unmappedFile{f}, nil
}

type unmappedFile struct{ vfs.File }

func (unmappedFile) Map(int) (vfs.Mapping, error) { return nil, vfs.ErrNotSupported }

// A record of the crash tests is its number: the message is its name, and an
// attribute tells whether the bytes are still those that were logged.

func nameOf(n uint64) string { return strconv.FormatUint(n, 16) }

func padOf(n uint64) slog.Attr { return slog.String("pad", strings.Repeat("x", int(n%300))) }

// numberOf returns the number of a record as it arrived.
func numberOf(message string, pad slog.Value) (uint64, error) {
	n, err := strconv.ParseUint(message, 16, 64)
	if err == nil && pad.String() != padOf(n).Value.String() {
		err = fmt.Errorf("record %s was altered: pad %q", message, pad)
	}
	return n, err
}

// say tells the parent, who is the witness, in one write.
func say(w io.Writer, verb string, numbers ...uint64) {
	line := []byte(verb)
	for _, n := range numbers {
		line = strconv.AppendUint(append(line, ' '), n, 16)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		os.Exit(5) // the witness is gone
	}
}
