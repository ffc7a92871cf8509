package crypto

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxKeyFile bounds a key file: a thousand keys, and more than a mistake for one.
const maxKeyFile = 64 << 10

// ParseKeys reads keys as a key file has them: one a line, newest first, as
// [Key.Text] writes it. Empty lines and those that begin with "#" are skipped.
//
//	# made on 2026-11-01
//	2026-11 aOn0…= (44 characters: 32 bytes in base64)
//	2026-05 9dKq…=
//
// Errors wrap [ErrKey] and name the line; nothing of its contents is in them.
func ParseKeys(text string) ([]*Key, error) {
	var keys []*Key
	n := 0
	for line := range strings.Lines(text) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("crypto: key file line %d: want an id and a key: %w", n, ErrKey)
		}
		// The decoder's error is left out: a message that quotes a byte quotes a key.
		secret, err := base64.StdEncoding.Strict().DecodeString(fields[1])
		if err != nil {
			return nil, fmt.Errorf("crypto: key file line %d: the key is not base64: %w", n, ErrKey)
		}
		if !validKeyID(fields[0]) || len(secret) != KeySize {
			// Not even the id: the fields may have been swapped.
			return nil, fmt.Errorf("crypto: key file line %d: want an id of 1 to %d of a-z, A-Z, 0-9, - and _, and %d bytes: %w", n, maxKeyID, KeySize, ErrKey)
		}
		k, err := NewKey(fields[0], secret)
		if err != nil {
			return nil, fmt.Errorf("crypto: key file line %d: %w", n, err)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("crypto: key file: has no keys: %w", ErrKey)
	}
	return keys, nil
}

// FileSource returns a source that reads the file at path each time. A symbolic
// link is followed, as mounted secrets are links that are swapped when the
// secret changes; a file that is half written has a line that is no key, and
// the keys before it stay in use. Anything but a regular file is refused.
//
// A file that others than its owner may read is used, and warn is called with
// an error that wraps [ErrReadable], at each read. A nil warn writes a line to
// stderr. (Windows has no such modes; there it is never called.)
func FileSource(path string, warn func(error)) Source {
	if warn == nil {
		warn = func(err error) { fmt.Fprintln(os.Stderr, err) }
	}
	return func(context.Context) ([]*Key, error) {
		text, mode, err := readKeyFile(path)
		if err != nil {
			return nil, err
		}
		keys, err := ParseKeys(text)
		if err != nil {
			return nil, fmt.Errorf("crypto: read %q: %w", path, err)
		}
		if readableByOthers(mode) {
			warn(fmt.Errorf("crypto: read %q: mode %v, want -rw------- (chmod 600): %w", path, mode.Perm(), ErrReadable))
		}
		return keys, nil
	}
}

// readKeyFile asks the file that it has opened, not the path, for its mode: the
// path may lead elsewhere a moment later.
func readKeyFile(path string) (string, os.FileMode, error) {
	// Opening a FIFO would wait for a writer.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return "", 0, fmt.Errorf("crypto: read %q: not a regular file: %w", path, ErrKey)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", 0, fmt.Errorf("crypto: read keys: %w", err)
	}
	defer f.Close() // read only: nothing can be lost
	info, err := f.Stat()
	if err != nil {
		return "", 0, fmt.Errorf("crypto: read keys: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(b) > maxKeyFile {
		err = errors.Join(fmt.Errorf("more than %d bytes", maxKeyFile), ErrKey)
	}
	if err != nil {
		return "", 0, fmt.Errorf("crypto: read %q: %w", path, err)
	}
	return string(b), info.Mode(), nil
}
