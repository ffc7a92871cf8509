package main

import (
	"os"
	"path/filepath"
	"testing"
)

// A folder that is no cgroup is none, and nothing of the try stays; a group that does
// not say what is charged is an error, where a 0 would pass for a budget kept.
func TestMemoryGroupThatIsNone(t *testing.T) {
	g := &memoryGroup{Dir: filepath.Join(t.TempDir(), "group"), Current: "current", Peak: "peak"}
	if err := g.create("limit", 1); err == nil {
		t.Error("a plain folder was taken for a cgroup")
	}
	if _, err := os.Stat(g.Dir); err == nil {
		t.Error("its folder is still there")
	}
	if _, _, err := g.charged(); err == nil {
		t.Error("what is charged was read from nowhere")
	}
}
