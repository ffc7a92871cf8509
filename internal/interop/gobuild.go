package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// goBuild returns the path of a program built from a Go package, without the
// workspace, so that it keeps the versions that its own module chose.
//
// pkg is "path@version"; or, if its module has replace lines (which "go
// install" refuses) or needs a choice of versions, a package that the module in
// the folder module requires, relative to this one: goBuild(ctx, "loki",
// "github.com/grafana/loki/v3/cmd/loki"). That module is in no go.work.
func goBuild(ctx context.Context, module, pkg string, flags ...string) (program string, err error) {
	inputs := append([]string{pkg, runtime.Version()}, flags...)
	if module != "" {
		// Its own sources, if it has some, are what a build follows from as well.
		sources, err := filepath.Glob(filepath.Join(module, "*.go"))
		if err != nil {
			return "", err
		}
		for _, file := range append([]string{filepath.Join(module, "go.mod"), filepath.Join(module, "go.sum")}, sources...) {
			content, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			inputs = append(inputs, string(content))
		}
	}
	name := programName(pkg)
	dir, err := built(ctx, name, inputs, func(dir string) error {
		args := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, name)}, flags...)
		env := []string{"GOWORK=off", "GOFLAGS=-buildvcs=false"}
		if module == "" {
			args = append([]string{"install", "-trimpath", "-ldflags=-s -w"}, flags...)
			env = append(env, "GOBIN="+dir)
		}
		return command(ctx, module, env, "go", append(args, pkg)...)
	})
	return filepath.Join(dir, name), err
}

// programName is the name that "go install" gives: the last element of the path
// that is no major version.
func programName(pkg string) string {
	path, _, _ := strings.Cut(pkg, "@")
	parent, last := filepath.Split(path)
	if digits, ok := strings.CutPrefix(last, "v"); ok && digits != "" && strings.Trim(digits, "0123456789") == "" && parent != "" {
		return filepath.Base(parent)
	}
	return last
}
