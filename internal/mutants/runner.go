package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// runner runs the tests of one module against mutants. One goroutine uses it.
type runner struct {
	root    string // of the module
	scratch string // test binaries, broken sources and overlays
	timeout time.Duration
	out     io.Writer

	sound    map[tests]error  // of selections that have run without a mutant
	binaries map[tests]string // tests of packages without a mutant; their run is ""
}

func newRunner(root, scratch string, timeout time.Duration, out io.Writer) *runner {
	return &runner{root: root, scratch: scratch, timeout: timeout, out: out,
		sound: make(map[tests]error), binaries: make(map[tests]string)}
}

// verdict is what became of one mutant.
type verdict struct {
	killed bool
	by     string // the test that failed, or what ended the process
	took   time.Duration
}

var (
	errBuild = errors.New("it does not compile")
	errSound = errors.New("the tests fail without it")
	errNone  = errors.New("no test of this name ran")
)

// all runs the mutants, prints a line for each, and reports whether all of them
// were killed.
func (r *runner) all(ctx context.Context, list []mutant) bool {
	killed := 0
	for i := range list {
		v, err := r.one(ctx, &list[i])
		switch {
		case err != nil:
			fmt.Fprintf(r.out, "BROKEN    %s: %v\n", list[i].name, err)
		case v.killed:
			killed++
			fmt.Fprintf(r.out, "killed    %-40s %5.1f s  %s\n", list[i].name, v.took.Seconds(), v.by)
		default:
			fmt.Fprintf(r.out, "SURVIVED  %-40s %5.1f s  %s\n", list[i].name, v.took.Seconds(), list[i].run)
		}
	}
	fmt.Fprintf(r.out, "mutants: %d, killed %d\n", len(list), killed)
	return killed == len(list)
}

// one runs one mutant. The sound code comes first: a test that fails anyway
// would "kill" every mutant.
func (r *runner) one(ctx context.Context, m *mutant) (verdict, error) {
	overlay, err := r.overlay(m)
	if err != nil {
		return verdict{}, err
	}
	if err := r.soundly(ctx, m.by()); err != nil {
		return verdict{}, err
	}
	binary := filepath.Join(r.scratch, "mutant.exe")
	if err := r.build(ctx, m.by(), binary, overlay); err != nil {
		return verdict{}, err
	}
	start := time.Now()
	out, err := r.run(ctx, binary, m.by())
	v := verdict{took: time.Since(start)}
	if v.killed = err != nil; v.killed {
		v.by = culprit(out)
	}
	return v, ctx.Err()
}

// soundly runs a selection without a mutant, once.
func (r *runner) soundly(ctx context.Context, t tests) error {
	if err, known := r.sound[t]; known {
		return err
	}
	binary, err := r.soundBinary(ctx, t)
	if err == nil {
		var out []byte
		switch out, err = r.run(ctx, binary, t); {
		case err != nil:
			err = fmt.Errorf("mutants: test %q -run %q: %w: %s\n%s", t.pkg, t.run, errSound, culprit(out), out)
		case !bytes.Contains(out, []byte("--- PASS: ")):
			err = fmt.Errorf("mutants: test %q -run %q: %w\n%s", t.pkg, t.run, errNone, out)
		}
	}
	r.sound[t] = err
	return err
}

// soundBinary returns a package's tests without a mutant, compiled once.
func (r *runner) soundBinary(ctx context.Context, t tests) (string, error) {
	t.run = ""
	if binary, done := r.binaries[t]; done {
		return binary, nil
	}
	binary := filepath.Join(r.scratch, fmt.Sprintf("sound%d.exe", len(r.binaries)))
	if err := r.build(ctx, t, binary, ""); err != nil {
		return "", err
	}
	r.binaries[t] = binary
	return binary, nil
}

// overlay writes the broken file and the JSON that puts it in place.
func (r *runner) overlay(m *mutant) (string, error) {
	file := filepath.Join(r.root, filepath.FromSlash(m.file))
	source, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("mutants: read %q: %w", m.file, err)
	}
	broken, err := m.apply(string(source))
	if err != nil {
		return "", err
	}
	place := filepath.Join(r.scratch, m.name+".go")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {file: place}})
	if err != nil {
		return "", fmt.Errorf("mutants: overlay of %q: %w", m.name, err)
	}
	overlay := filepath.Join(r.scratch, m.name+".json")
	err = errors.Join(os.WriteFile(place, []byte(broken), 0o600), os.WriteFile(overlay, replace, 0o600))
	if err != nil {
		return "", fmt.Errorf("mutants: overlay of %q: %w", m.name, err)
	}
	return overlay, nil
}

// build compiles a package's tests. It is a step of its own, because a mutant
// that does not compile must not pass for one that was killed, and go test ends
// in the same way for both.
func (r *runner) build(ctx context.Context, t tests, binary, overlay string) error {
	args := []string{"test", "-c", "-vet=off", "-o", binary, "-tags", t.tags}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./"+t.pkg)...)
	cmd.Dir = r.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mutants: build the tests of %q: %w: %w\n%s", t.pkg, errBuild, err, out)
	}
	return nil
}

// run runs a test binary in its package's folder, as go test does.
func (r *runner) run(ctx context.Context, binary string, t tests) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout+30*time.Second) // for one that ignores its own
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-test.v", "-test.failfast", "-test.run", t.run, "-test.timeout", r.timeout.String())
	cmd.Dir = filepath.Join(r.root, filepath.FromSlash(t.pkg))
	cmd.WaitDelay = time.Second // children that hold the output
	return cmd.CombinedOutput()
}

var (
	failLine  = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)
	timedOut  = regexp.MustCompile(`(?m)^panic: test timed out`)
	fatalLine = regexp.MustCompile(`(?m)^(?:panic|fatal error): .*`)
)

// culprit finds in a test's output what failed.
func culprit(out []byte) string {
	switch fatal, fail := fatalLine.Find(out), failLine.FindSubmatch(out); {
	case timedOut.Match(out):
		return "timeout"
	case fail != nil:
		return string(fail[1])
	case fatal != nil:
		return string(fatal)
	default:
		return "the process died"
	}
}
