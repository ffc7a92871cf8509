package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const memoryLimit = 64 << 20

// group is a memory cgroup: where it is, and what its files are called in this
// version.
type group struct {
	dir               string
	limit, peak, kind string
}

// memoryGroup makes a cgroup with a limit, or skips.
func memoryGroup(t *testing.T) *group {
	t.Helper()
	name := fmt.Sprintf("slogship-trial-%d", os.Getpid())
	for _, g := range []*group{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes", "v1"},
		{"/sys/fs/cgroup", "memory.max", "memory.peak", "v2"},
	} {
		g.dir = filepath.Join(g.dir, name)
		if os.Mkdir(g.dir, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { os.Remove(g.dir) })
		if _, err := os.Stat(filepath.Join(g.dir, g.limit)); err != nil {
			continue // no cgroup file system, or without this controller
		}
		if os.WriteFile(filepath.Join(g.dir, g.limit), []byte(strconv.Itoa(memoryLimit)), 0o644) == nil {
			return g
		}
	}
	t.Skip("no memory cgroup can be made here")
	return nil
}

func (g *group) read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(g.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A backlog of several times the memory limit: buffers are page cache, which is
// charged to the container and given back when it is needed, not memory that the
// OOM killer would end it for.
func tryMemoryLimit(t *testing.T, img string) {
	g := memoryGroup(t)
	vol, to := emptyDir(t), newCollector(t)
	c := up(t, img, pod{name: "shop-1", volume: vol, to: away(t)})
	// Before any record: what is charged before the move stays with the old group.
	if err := os.WriteFile(filepath.Join(g.dir, "cgroup.procs"), []byte(strconv.Itoa(c.cmd.Process.Pid)), 0o644); err != nil {
		t.Fatal(err)
	}
	note, total := strings.Repeat("n", 4000), 0
	for i := range 20 {
		c.order(t, fmt.Sprintf("o%d", i), 2000, note)
		total += 2000
	}
	s := c.stats(t)
	if s.Logged != uint64(total) || s.Buffered+s.Dropped.Total() != s.Logged {
		t.Errorf("logged %d of %d, buffered %d, dropped %v", s.Logged, total, s.Buffered, s.Dropped)
	}
	if s.DiskBytes < 2*memoryLimit {
		t.Errorf("%d bytes on disk: not enough to try a limit of %d", s.DiskBytes, memoryLimit)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmHWM") || strings.HasPrefix(line, "Rss") {
			t.Logf("%s", strings.TrimSpace(line))
		}
	}
	t.Logf("cgroup %s, limit %d: peak %s; %d records, %d bytes on disk (%d a record), dropped %v",
		g.kind, memoryLimit, strings.TrimSpace(g.read(t, g.peak)), s.Logged, s.DiskBytes, s.DiskBytes/int64(total), s.Dropped)
	c.kill()
	up(t, img, pod{name: "shop-1", volume: vol, to: to.url})
	// The oldest come first, and they are long out of the cache; not all, for
	// the collector's sake, which parses each of them.
	eventually(t, "the oldest of the backlog arrive", 60*time.Second, func() bool {
		to.mu.Lock()
		defer to.mu.Unlock()
		return len(to.seen) >= total/10
	})
}
