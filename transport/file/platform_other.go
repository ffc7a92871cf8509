//go:build !unix

package file

import (
	"errors"
	"io/fs"
	"os"
)

// Windows neither renames open files nor has permissions and links of the kind
// that is checked elsewhere. Opening a link there takes a privilege to plant it.
const (
	noFollow         = 0
	renamesOpenFiles = false
)

func lockShared(*os.File) (bool, error) { return true, nil }

func lockExclusive(*os.File) (bool, error) { return false, errors.ErrUnsupported }

func ownership(fs.FileInfo) (ours bool, links uint64) { return true, 1 }

func syncDir(string) error { return nil }
