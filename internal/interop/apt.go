package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// apt is aptInstall as a setup's install.
func apt(packages ...string) func(context.Context) error {
	return func(ctx context.Context) error { return aptInstall(ctx, packages...) }
}

// aptUnless is apt for a program that may be there without its package, as a
// Python of one's own is.
func aptUnless(program string, packages ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		if _, err := exec.LookPath(program); err == nil {
			return nil
		}
		return aptInstall(ctx, packages...)
	}
}

// aptInstall installs those of the Debian packages that are missing. It needs
// root or sudo for that, and starts no service. Where there is no dpkg it does
// nothing: the server may be there all the same, and its version says so or
// what is missing.
func aptInstall(ctx context.Context, packages ...string) error {
	missing := missingPackages(ctx, packages)
	if len(missing) == 0 {
		return nil
	}
	fail := func(err error) error {
		return fmt.Errorf("interop: packages %q: %w: %w", strings.Join(missing, " "), errInstall, err)
	}
	allow, err := forbidServices(ctx)
	if err != nil {
		return fail(err)
	}
	defer allow()
	if err := asRoot(ctx, "apt-get", "-qq", "update"); err != nil {
		return fail(err)
	}
	args := append([]string{
		"DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300",
	}, missing...)
	if err := asRoot(ctx, "env", args...); err != nil {
		return fail(err)
	}
	return nil
}

func missingPackages(ctx context.Context, packages []string) (missing []string) {
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		return nil
	}
	for _, p := range packages {
		state, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${db:Status-Status}", p).Output()
		if err != nil || string(state) != "installed" {
			missing = append(missing, p)
		}
	}
	return missing
}

// forbidServices keeps packages from starting their services, which nobody
// asked for here, until allow is called. A policy that is there already stays.
func forbidServices(ctx context.Context) (allow func(), err error) {
	const policy = "/usr/sbin/policy-rc.d"
	if _, err := os.Stat(policy); !errors.Is(err, fs.ErrNotExist) {
		return func() {}, err
	}
	script := `printf '#!/bin/sh\nexit 101\n' >` + policy + ` && chmod 755 ` + policy
	if err := asRoot(ctx, "sh", "-c", script); err != nil {
		return nil, err
	}
	// Also when ctx has ended: the policy would stay for ever.
	return func() { _ = asRoot(context.WithoutCancel(ctx), "rm", "-f", policy) }, nil
}

func asRoot(ctx context.Context, name string, args ...string) error {
	if os.Geteuid() == 0 {
		return command(ctx, "", nil, name, args...)
	}
	return command(ctx, "", nil, "sudo", append([]string{"-n", name}, args...)...)
}

// daemon is the path of a program that Debian keeps where a user's PATH does not
// look; its bare name if it is nowhere.
func daemon(name string) string {
	if _, err := exec.LookPath(name); err == nil {
		return name
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if path := filepath.Join(dir, name); isExecutable(path) {
			return path
		}
	}
	return name
}

func isExecutable(path string) bool {
	_, err := exec.LookPath(path)
	return err == nil
}
