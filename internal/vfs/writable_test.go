package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	for _, below := range []string{"", "a", "a/b"} {
		if near, err := Writable(filepath.Join(dir, below)); near != dir || err != nil {
			t.Errorf("%q: %q, %v", below, near, err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Writable(filepath.Join(file, "below")); err == nil {
		t.Error("a directory below a file can be written to")
	}
	if os.Getuid() <= 0 {
		return // no right that could be missing, or no such rights
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if _, err := Writable(dir); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("without the right to write: %v", err)
	}
}
