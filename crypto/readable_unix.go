//go:build !windows

package crypto

import "os"

// readableByOthers reports whether the group or everybody may read the file.
func readableByOthers(mode os.FileMode) bool { return mode.Perm()&0o077 != 0 }
