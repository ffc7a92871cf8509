//go:build unix

package tlsconfig

import (
	"fmt"
	"os"
	"syscall"
)

// checkKeyMode refuses a private key that others may read. The rule is the one
// that PostgreSQL has: 0600 or less for a file of our own, 0640 or less for one
// of root's, since a mounted secret belongs to root and is read through its
// group. Symbolic links are followed: it is their target that others would read.
func checkKeyMode(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	forbidden := os.FileMode(0o077)
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid == 0 {
		forbidden = 0o037
	}
	if mode := info.Mode().Perm(); mode&forbidden != 0 {
		return fmt.Errorf("mode %04o: %w (chmod 0600; in a Kubernetes volume defaultMode: 0440 with an fsGroup)", mode, ErrKeyMode)
	}
	return nil
}
