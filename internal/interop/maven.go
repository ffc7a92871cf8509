package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// javaInstall installs Java 17 unless there is a java. Servers whose own code is
// compiled here ask for javac.
func javaInstall(program string) func(context.Context) error {
	if program == "javac" {
		return aptUnless("javac", "openjdk-17-jdk-headless")
	}
	return aptUnless("java", "openjdk-17-jre-headless")
}

// mavenFetch returns a folder with the jars of the coordinates
// ("group:artifact:version") and of everything they depend on at run time, each
// in the version that Maven chooses. The class path is dir/*.
//
// "!group:artifact" leaves that out wherever it is depended on.
func mavenFetch(ctx context.Context, name string, coordinates ...string) (dir string, err error) {
	return built(ctx, name, coordinates, func(dir string) error {
		if err := aptUnless("mvn", "maven")(ctx); err != nil {
			return err
		}
		// The project must be outside dir, which is the class path.
		project, err := os.MkdirTemp("", "maven")
		if err != nil {
			return err
		}
		defer os.RemoveAll(project)
		pom, err := mavenProject(coordinates)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(project, "pom.xml"), pom, 0o600); err != nil {
			return err
		}
		return command(ctx, project, nil, "mvn", "-q", "-B", "-ntp", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+dir)
	})
}

type mavenArtifact struct {
	Group      string           `xml:"groupId"`
	Artifact   string           `xml:"artifactId"`
	Version    string           `xml:"version"`
	Exclusions []mavenExclusion `xml:"exclusions>exclusion"`
}

type mavenExclusion struct {
	Group    string `xml:"groupId"`
	Artifact string `xml:"artifactId"`
}

// mavenProject is a pom.xml that depends on the coordinates.
func mavenProject(coordinates []string) ([]byte, error) {
	var wanted []mavenArtifact
	var excluded []mavenExclusion
	for _, c := range coordinates {
		f := strings.Split(strings.TrimPrefix(c, "!"), ":")
		switch {
		case strings.HasPrefix(c, "!") && len(f) == 2:
			excluded = append(excluded, mavenExclusion{Group: f[0], Artifact: f[1]})
		case !strings.HasPrefix(c, "!") && len(f) == 3:
			wanted = append(wanted, mavenArtifact{Group: f[0], Artifact: f[1], Version: f[2]})
		default:
			return nil, fmt.Errorf("coordinates %q: want group:artifact:version or !group:artifact", c)
		}
	}
	for i := range wanted {
		wanted[i].Exclusions = excluded
	}
	return xml.Marshal(struct {
		XMLName      xml.Name        `xml:"project"`
		Model        string          `xml:"modelVersion"`
		Group        string          `xml:"groupId"`
		Artifact     string          `xml:"artifactId"`
		Version      string          `xml:"version"`
		Dependencies []mavenArtifact `xml:"dependencies>dependency"`
	}{Model: "4.0.0", Group: "interop", Artifact: "interop", Version: "1", Dependencies: wanted})
}
