package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// memoryGroup is a memory cgroup with a limit, as a container has. Charged to it is
// the page cache of its files as well, which VmHWM knows nothing of. nil is none.
type memoryGroup struct{ Dir, Current, Peak string } // the two are names of files in Dir

// newMemoryGroup makes a group. That takes root, and a cgroup file system of either
// version with this controller.
func newMemoryGroup(limit int) (*memoryGroup, error) {
	var errs []error
	for _, v := range []struct{ root, limit, current, peak string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "memory.max_usage_in_bytes"},
		{"/sys/fs/cgroup", "memory.max", "memory.current", "memory.peak"},
	} {
		g := &memoryGroup{filepath.Join(v.root, fmt.Sprintf("slogship-report-%d", os.Getpid())), v.current, v.peak}
		if err := g.create(v.limit, limit); err == nil {
			return g, nil
		} else {
			errs = append(errs, err)
		}
	}
	return nil, errors.Join(errs...)
}

func (g *memoryGroup) create(file string, limit int) error {
	if err := os.Mkdir(g.Dir, 0o755); err != nil {
		return err
	}
	// Without O_CREATE: in a folder that is no cgroup there is no such file.
	f, err := os.OpenFile(filepath.Join(g.Dir, file), os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(strconv.Itoa(limit))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		g.remove()
	}
	return err
}

// enter moves this process into the group. What it has until then stays charged
// to the one it was in.
func (g *memoryGroup) enter() error {
	return os.WriteFile(filepath.Join(g.Dir, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0o644)
}

// charged returns what is charged to the group, and the most that ever was, in MiB.
func (g *memoryGroup) charged() (now, peak float64, err error) {
	if g == nil {
		return 0, 0, nil
	}
	now, err = g.mib(g.Current)
	peak, err2 := g.mib(g.Peak)
	return now, peak, errors.Join(err, err2)
}

func (g *memoryGroup) mib(file string) (float64, error) {
	text, err := os.ReadFile(filepath.Join(g.Dir, file))
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	return n / (1 << 20), err
}

// remove removes the group, which no process may be in.
func (g *memoryGroup) remove() { _ = os.Remove(g.Dir) }
