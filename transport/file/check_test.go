package file_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/file"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	plain, link := filepath.Join(dir, "plain"), filepath.Join(dir, "link")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(plain, link); err != nil {
		t.Skip("no symbolic links here")
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "new"):         "directory ok, file ok, room ok",
		filepath.Join(dir, "a", "b", "x"): "directory ok, file ok, room ok",
		plain:                             "directory ok, file ok, room ok",
		link:                              "directory ok, file failed, room ok",
		filepath.Join(plain, "x"):         "directory failed",
	} {
		if found, got := testkit.Check(t, file.Destination{Path: path, MaxSize: 1}); got != want {
			t.Errorf("%s: %s, want %s: %v", path, got, want, found)
		}
	}
	for path, want := range map[string]string{
		plain:                             "can be written to",
		filepath.Join(dir, "a", "b", "x"): "will be made in " + dir,
	} {
		if found, _ := testkit.Check(t, file.Destination{Path: path}); found[0].Found != want {
			t.Errorf("%s: %v, want %q", path, found[0], want)
		}
	}
	if _, got := testkit.Check(t, file.Destination{Path: plain, MaxSize: 1 << 60}); got != "directory ok, file ok, room warning" {
		t.Errorf("a file larger than any volume: %s", got)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}
