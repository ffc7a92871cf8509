package file

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// rotatedLayout sorts as text by time, and has no character that a file
	// system forbids.
	rotatedLayout    = "20060102T150405.000000Z"
	compressedSuffix = ".gz"
	partSuffix       = ".part" // of a compressed file that is being written
)

func rotatedName(path string, at time.Time) string {
	return path + "." + at.UTC().Format(rotatedLayout)
}

// rotated is one rotated file.
type rotated struct {
	name       string // path
	at         time.Time
	size       int64
	modified   time.Time
	compressed bool
	part       bool
}

// listRotated returns the rotated files of path, the newest first. Only names
// that we would give ourselves count: what else is in the directory is not
// ours to remove.
func listRotated(path string) ([]rotated, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	var files []rotated
	for _, e := range entries {
		if r, ok := parseRotated(path, e); ok {
			files = append(files, r)
		}
	}
	slices.SortFunc(files, func(a, b rotated) int { return b.at.Compare(a.at) })
	return files, nil
}

func parseRotated(path string, e fs.DirEntry) (rotated, bool) {
	stamp, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+".")
	if !ok || !e.Type().IsRegular() {
		return rotated{}, false
	}
	r := rotated{name: filepath.Join(filepath.Dir(path), e.Name())}
	if stamp, r.part = strings.CutSuffix(stamp, compressedSuffix+partSuffix); !r.part {
		stamp, r.compressed = strings.CutSuffix(stamp, compressedSuffix)
	}
	var err error
	if r.at, err = time.Parse(rotatedLayout, stamp); err != nil || r.at.Format(rotatedLayout) != stamp {
		return rotated{}, false
	}
	info, err := e.Info()
	if err != nil {
		return rotated{}, false // removed since it was listed
	}
	r.size, r.modified = info.Size(), info.ModTime()
	return r, true
}
