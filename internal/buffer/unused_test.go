package buffer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A buffer that was opened in vain leaves nothing, unless there was something
// before, or somebody has put something in it.
func TestCloseUnused(t *testing.T) {
	parent := t.TempDir()
	for name, c := range map[string]struct {
		before, after func(dir string, b *Buffer)
		stays         bool
	}{
		"unused":   {func(string, *Buffer) {}, func(string, *Buffer) {}, false},
		"existed":  {func(dir string, _ *Buffer) { _ = os.Mkdir(dir, 0o700) }, func(string, *Buffer) {}, true},
		"appended": {func(string, *Buffer) {}, func(_ string, b *Buffer) { mustAppend(t, b, 1, 100) }, true},
		"foreign": {func(string, *Buffer) {}, func(dir string, _ *Buffer) {
			_ = os.WriteFile(filepath.Join(dir, "dead.ndjson"), nil, 0o600)
		}, true},
	} {
		dir := filepath.Join(parent, name)
		c.before(dir, nil)
		b := open(t, dir, testOptions())
		c.after(dir, b)
		if err := b.CloseUnused(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) == c.stays {
			t.Errorf("%s: %v", name, err)
		}
		if c.stays {
			got := map[uint64]int{}
			collect(t, dir, testOptions(), got)
			if len(got) != 0 != (name == "appended") {
				t.Errorf("%s: came %v", name, got)
			}
		}
	}
	o := testOptions()
	o.Mode = Heap
	if err := open(t, "", o).CloseUnused(); err != nil {
		t.Error(err)
	}
}
