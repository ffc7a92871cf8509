package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// What was built once is there for everyone afterwards; other inputs are
// another folder; a build that failed or was cut off is begun anew, from an
// empty folder.
func TestBuilt(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	builds := 0 // guarded by the lock that built takes
	make := func(dir string) error {
		builds++
		return os.WriteFile(filepath.Join(dir, "x"), nil, 0o600)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := built(t.Context(), "thing", []string{"1"}, make); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if builds != 1 {
		t.Errorf("built %d times", builds)
	}
	broken := errors.New("broken")
	dir, err := built(t.Context(), "thing", []string{"2"}, func(dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "half"), nil, 0o600), broken)
	})
	if !errors.Is(err, broken) || !errors.Is(err, errInstall) || dir != "" {
		t.Errorf("got %q, %v", dir, err)
	}
	dir, err = built(t.Context(), "thing", []string{"2"}, make)
	if err != nil || builds != 2 {
		t.Errorf("%v after %d builds", err, builds)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != "x" {
		t.Errorf("the folder has %v, %v", files, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := built(ctx, "thing", []string{"3"}, make); !errors.Is(err, context.Canceled) || builds != 2 {
		t.Errorf("got %v after %d builds", err, builds)
	}
}

// An installer's error says what it wanted, and what the tool said.
func TestInstallErrors(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir()) // with nothing in it
	for name, install := range map[string]func() error{
		"interop/none": func() error { _, err := goBuild(t.Context(), "", "example.invalid/interop/none@v1.0.0"); return err },
		"none-1":       func() error { _, err := pipVenv(t.Context(), "none-1", "none==1"); return err },
		"jars":         func() error { _, err := mavenFetch(t.Context(), "jars", "g:a:1"); return err },
	} {
		if err := install(); !errors.Is(err, errInstall) || !strings.Contains(err.Error(), filepath.Base(name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := goBuild(t.Context(), "nowhere", "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such module: %v", err)
	}
}

func TestInstalls(t *testing.T) {
	first := errors.New("first")
	var ran []int
	step := func(n int, err error) func(context.Context) error {
		return func(context.Context) error { ran = append(ran, n); return err }
	}
	if err := installs(step(1, nil), step(2, first), step(3, nil))(t.Context()); !errors.Is(err, first) || len(ran) != 2 {
		t.Errorf("%v after %v", err, ran)
	}
}

func TestProgramName(t *testing.T) {
	for pkg, want := range map[string]string{
		"github.com/grafana/loki/v3/cmd/loki": "loki", "example.com/tool@v1.2.3": "tool", "example.com/tool/v2@v2.0.0": "tool",
		"example.com/cmd/vet@latest": "vet", "example.com/v@v1": "v",
	} {
		if got := programName(pkg); got != want {
			t.Errorf("%s: %q, want %q", pkg, got, want)
		}
	}
}

func TestMavenProject(t *testing.T) {
	pom, err := mavenProject([]string{"g:a:1", "!x:y", "h:b:2"})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Dependencies []mavenArtifact `xml:"dependencies>dependency"`
	}
	if err := xml.Unmarshal(pom, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Dependencies) != 2 || got.Dependencies[1].Version != "2" || got.Dependencies[0].Exclusions[0].Artifact != "y" {
		t.Errorf("got %+v from %s", got, pom)
	}
	// Maven knows no exclusions of an exclusion, not even none.
	if n := bytes.Count(pom, []byte("<exclusions>")); n != 2 {
		t.Errorf("%d lists of exclusions for two dependencies: %s", n, pom)
	}
	for _, bad := range []string{"g:a", "!g", "!g:a:1", ""} {
		if _, err := mavenProject([]string{bad}); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestFreeAddrs(t *testing.T) {
	addrs, err := freeAddrs(5)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, a := range addrs {
		if seen[a] || !strings.HasPrefix(a, "127.0.0.1:2") || !free(a) {
			t.Errorf("%s of %v", a, addrs)
		}
		seen[a] = true
	}
}
