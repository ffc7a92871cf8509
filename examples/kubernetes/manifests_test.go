package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// deadLetters is what a route may keep beside its buffer: 8 MiB and three
// rotated files of that size.
const deadLetters = 4 * 8 << 20

// manifest is the part of a Deployment or StatefulSet that has to agree with
// the program.
type manifest struct {
	Kind string
	Spec struct {
		Template struct {
			Spec podSpec
		}
		VolumeClaimTemplates []struct {
			Metadata struct{ Name string }
			Spec     struct{ Resources resources }
		} `yaml:"volumeClaimTemplates"`
	}
}

type podSpec struct {
	TerminationGracePeriodSeconds int `yaml:"terminationGracePeriodSeconds"`
	SecurityContext               struct {
		RunAsNonRoot   bool                  `yaml:"runAsNonRoot"`
		RunAsUser      int                   `yaml:"runAsUser"`
		SeccompProfile struct{ Type string } `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	InitContainers []containerSpec `yaml:"initContainers"`
	Containers     []containerSpec
	Volumes        []struct {
		Name     string
		EmptyDir *struct {
			SizeLimit string `yaml:"sizeLimit"`
		} `yaml:"emptyDir"`
		HostPath *struct{ Path string } `yaml:"hostPath"`
	}
}

type containerSpec struct {
	Name            string
	Env             []struct{ Name, Value string }
	Resources       resources
	SecurityContext struct {
		AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities             struct{ Drop []string }
	} `yaml:"securityContext"`
	VolumeMounts []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
	Lifecycle struct {
		PreStop struct {
			Sleep struct{ Seconds int }
		} `yaml:"preStop"`
	}
}

type resources struct{ Requests, Limits map[string]string }

// manifests reads each document of each file; unknown fields are not errors, as
// this knows a few of them only.
func manifests(t *testing.T) map[string]manifest {
	t.Helper()
	files, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]manifest{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
			var m manifest
			err := d.Decode(&m)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if m.Kind != "Service" {
				all[file] = m
			}
		}
	}
	if len(all) != 3 {
		t.Fatalf("%d workloads in %q", len(all), files)
	}
	return all
}

// bytesOf reads the quantities that the manifests use: "1Gi", "768Mi".
func bytesOf(t *testing.T, quantity string) int64 {
	t.Helper()
	for suffix, shift := range map[string]int{"Mi": 20, "Gi": 30} {
		if n, ok := strings.CutSuffix(quantity, suffix); ok {
			if v, err := strconv.ParseInt(n, 10, 32); err == nil {
				return v << shift
			}
		}
	}
	t.Fatalf("%q is no quantity that this test reads", quantity)
	return 0
}

func TestManifestsAreRestricted(t *testing.T) {
	for file, m := range manifests(t) {
		p := m.Spec.Template.Spec
		if s := p.SecurityContext; !s.RunAsNonRoot || s.RunAsUser != 65532 || s.SeccompProfile.Type != "RuntimeDefault" {
			t.Errorf("%s: security context %+v", file, s)
		}
		for _, c := range slices.Concat(p.InitContainers, p.Containers) {
			s := c.SecurityContext
			if s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || !s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []string{"ALL"}) {
				t.Errorf("%s: container %s: security context %+v", file, c.Name, s)
			}
			if c.Resources.Limits["memory"] == "" || c.Resources.Requests["memory"] == "" {
				t.Errorf("%s: container %s: resources %+v", file, c.Name, c.Resources)
			}
		}
	}
}

// What the manifests say fits the program, the volume and the grace period.
func TestManifestsFit(t *testing.T) {
	for file, m := range manifests(t) {
		p := m.Spec.Template.Spec
		c := p.Containers[0]
		env := map[string]string{}
		for _, e := range c.Env {
			env[e.Name] = e.Value
		}
		s, err := settingsFrom(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if s.collector == "" || s.maxDisk == 0 || len(c.VolumeMounts) != 1 || env["STATE_DIRECTORY"] != c.VolumeMounts[0].MountPath {
			t.Errorf("%s: %+v, mounts %+v, STATE_DIRECTORY %q", file, s, c.VolumeMounts, env["STATE_DIRECTORY"])
		}
		needed := s.grace + time.Duration(c.Lifecycle.PreStop.Sleep.Seconds)*time.Second
		if granted := time.Duration(p.TerminationGracePeriodSeconds) * time.Second; granted < needed+2*time.Second {
			t.Errorf("%s: granted %v, needed %v", file, granted, needed)
		}
		size, withPod := sizeOf(t, &m)
		if size < s.maxDisk+deadLetters {
			t.Errorf("%s: the volume has %d bytes, MAX_DISK_MIB is %d bytes", file, size, s.maxDisk)
		}
		if s.leftover != withPod {
			t.Errorf("%s: LEFTOVER is %v, the volume goes with the pod: %v", file, s.leftover, withPod)
		}
		if limit := c.Resources.Limits["ephemeral-storage"]; withPod && bytesOf(t, limit) <= size {
			t.Errorf("%s: ephemeral-storage %s holds the container's log beside the volume of %d bytes", file, limit, size)
		}
	}
}

// sizeOf returns how much the volume holds, and whether it goes with its pod. A
// hostPath holds what the node has.
func sizeOf(t *testing.T, m *manifest) (size int64, withPod bool) {
	t.Helper()
	for _, v := range m.Spec.Template.Spec.Volumes {
		switch {
		case v.EmptyDir != nil:
			return bytesOf(t, v.EmptyDir.SizeLimit), true
		case v.HostPath != nil:
			return 1 << 40, false
		}
	}
	return bytesOf(t, m.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests["storage"]), false
}

func TestSettingsRefuseMistakes(t *testing.T) {
	for name, value := range map[string]string{"GRACE": "25", "LEFTOVER": "yes please", "MAX_DISK_MIB": "1Gi", "MIN_FREE_MIB": "x"} {
		if _, err := settingsFrom(func(n string) (string, bool) { return value, n == name }); err == nil {
			t.Errorf("%s=%q is taken", name, value)
		}
	}
	s, err := settingsFrom(func(n string) (string, bool) { return "64", n == "MAX_DISK_MIB" })
	if err != nil || s.maxDisk != 64<<20 || s.grace != 25*time.Second || s.addr != ":8080" {
		t.Errorf("%+v, %v", s, err)
	}
}
