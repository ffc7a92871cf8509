package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// errInstall is wrapped by every error of aptInstall, mavenFetch, pipVenv and
// goBuild, which also names what could not be had.
var errInstall = errors.New("cannot be installed")

// built returns a folder of the user's cache that build has filled, once for
// each name and inputs; another version of the inputs is another folder.
// Several processes may ask at once: one builds, the others wait, also beyond
// ctx's end.
//
// build works in the final place, because Python environments and others hold
// their own path. What tells a finished folder from one whose build was cut off
// is a file beside it, made last.
func built(ctx context.Context, name string, inputs []string, build func(dir string) error) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("interop: cache of %q: %w: %w", name, errInstall, err)
	}
	sum := sha256.Sum256([]byte(strings.Join(inputs, "\n")))
	dir := filepath.Join(cache, "slogship-interop", name+"-"+hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(dir + ".complete"); err == nil {
		return dir, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := errors.Join(ctx.Err(), os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return "", err
	}
	began := time.Now()
	fmt.Fprintf(os.Stderr, " installing %s, once …", name)
	if err := build(dir); err != nil {
		return "", fmt.Errorf("interop: %q: %w: %w", name, errInstall, err)
	}
	fmt.Fprintf(os.Stderr, " %.0f s;", time.Since(began).Seconds())
	return dir, os.WriteFile(dir+".complete", nil, 0o600)
}

// lock keeps other processes out until unlock, or until this one ends.
func lock(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// command runs a program and returns an error with the end of what it said.
func command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	said, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	const most = 2 << 10
	return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, said[max(0, len(said)-most):])
}

// installs runs several installers, one after the other.
func installs(all ...func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, install := range all {
			if err := install(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}
