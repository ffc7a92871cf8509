package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
)

// pipVenv returns the bin folder of a Python environment of its own that has
// the packages, in pip's notation ("rotel==0.1.2"). State the versions: the
// environment is made once and never renewed.
func pipVenv(ctx context.Context, name string, packages ...string) (bin string, err error) {
	dir, err := built(ctx, name, packages, func(dir string) error {
		if err := makeVenv(ctx, dir); err != nil {
			return err
		}
		args := append([]string{"-m", "pip", "install", "-q", "--no-input"}, packages...)
		return command(ctx, "", nil, filepath.Join(dir, "bin", "python"), args...)
	})
	return filepath.Join(dir, "bin"), err
}

// makeVenv uses the python3 of the PATH. Debian's own lacks what it takes until
// python3-venv is installed, and says so only by failing.
func makeVenv(ctx context.Context, dir string) error {
	if _, err := exec.LookPath("python3"); err == nil {
		if err := command(ctx, "", nil, "python3", "-m", "venv", dir); err == nil {
			return nil
		}
	}
	if err := aptInstall(ctx, "python3", "python3-venv"); err != nil {
		return err
	}
	return command(ctx, "", nil, "python3", "-m", "venv", "--clear", dir)
}

// pythonVersion is that of the python3 in bin, or of the PATH's if bin is "".
func pythonVersion(ctx context.Context, bin string) (string, error) {
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "python3"), "-c", "import platform; print(platform.python_version())").Output()
	if err != nil {
		return "", missing("python3", err)
	}
	return "Python " + strings.TrimSpace(string(out)), nil
}
