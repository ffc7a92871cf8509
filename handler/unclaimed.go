package handler

import (
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/slogship/slogship/internal/buffer"
)

// findUnclaimed notes the directories of routes that no longer exist, and books
// what they take. Other directories, as a volume's lost+found, are not ours.
func (c *core) findUnclaimed(lanes []*lane) {
	if c.opts.Dir == "" {
		return
	}
	entries, err := os.ReadDir(c.opts.Dir)
	if err != nil {
		return // every route direct: there is no directory
	}
	c.unclaimed = make(map[string]int64)
	for _, e := range entries {
		if !e.IsDir() || laneNamed(lanes, e.Name()) != nil {
			continue
		}
		if size, ours := buffer.Usage(c.fsys, filepath.Join(c.opts.Dir, e.Name())); ours {
			c.unclaimed[e.Name()] = size
			c.budget.Book(size)
		}
	}
}

// claim is called when a route of this name has opened its directory: what is
// there is booked by its buffer now.
func (c *core) claim(name string) {
	c.budget.Book(-c.unclaimed[name])
	delete(c.unclaimed, name)
}

func (c *core) unclaimedNames() []string { return slices.Sorted(maps.Keys(c.unclaimed)) }
