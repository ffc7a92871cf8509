package main

import (
	"context"
	_ "embed" // for elasticsearchNode
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed elasticsearch/ElasticsearchNode.java
var elasticsearchNode []byte

const elasticsearchRelease = "8.19.0" // the last line that runs on Java 17

// elasticsearchServer is one Elasticsearch node without TLS and without a login, at
// http://ADDR: the server and its netty module alone, which is all that _bulk,
// searches and data streams need. parse, order and shards are as for
// [opensearch].
func elasticsearchServer(parse func(row map[string]any) entry) setup {
	return setup{
		install: installs(javaInstall("javac"), func(ctx context.Context) error {
			_, err := elasticsearchFiles(ctx)
			return err
		}),
		version: func(ctx context.Context) (string, error) {
			if _, err := exec.LookPath("java"); err != nil {
				return "", missing("java", err)
			}
			return "Elasticsearch " + elasticsearchRelease, nil
		},
		command:    elasticsearchCommand,
		ready:      opensearchReady,
		query:      opensearchQuery(parse),
		startLimit: 90 * time.Second,
		ports:      2,
	}
}

// elasticsearchParts is where the parts of a node are.
type elasticsearchParts struct{ classes, modules string }

// elasticsearchFiles fetches the server and the module, which must not share a
// jar, and compiles the main class.
func elasticsearchFiles(ctx context.Context) (p elasticsearchParts, err error) {
	jars, err := mavenFetch(ctx, "elasticsearch", "org.elasticsearch:elasticsearch:"+elasticsearchRelease)
	if err != nil {
		return p, err
	}
	netty, err := mavenFetch(ctx, "elasticsearch-netty", "org.elasticsearch.plugin:transport-netty4:"+elasticsearchRelease)
	if err != nil {
		return p, err
	}
	p.modules, err = built(ctx, "elasticsearch-module", []string{elasticsearchModule, netty, jars}, func(dir string) error {
		return elasticsearchModuleIn(filepath.Join(dir, "transport-netty4"), netty, jars)
	})
	if err != nil {
		return p, err
	}
	node, err := built(ctx, "elasticsearch-node", []string{string(elasticsearchNode), jars}, func(dir string) error {
		source := filepath.Join(dir, "ElasticsearchNode.java")
		if err := os.WriteFile(source, elasticsearchNode, 0o600); err != nil {
			return err
		}
		return command(ctx, dir, nil, "javac", "-nowarn", "-cp", filepath.Join(jars, "*"), "-d", dir, source)
	})
	p.classes = node + ":" + filepath.Join(jars, "*")
	return p, err
}

// elasticsearchModuleIn makes the module's folder: its jars, without those that
// the server has.
func elasticsearchModuleIn(dir, netty, server string) error {
	files, err := os.ReadDir(netty)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for _, f := range files {
		if _, err := os.Stat(filepath.Join(server, f.Name())); err == nil {
			continue
		}
		if err := os.Link(filepath.Join(netty, f.Name()), filepath.Join(dir, f.Name())); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "plugin-descriptor.properties"), []byte(elasticsearchModule), 0o600)
}

const elasticsearchModule = `
description=HTTP and transport
name=transport-netty4
version=` + elasticsearchRelease + `
elasticsearch.version=` + elasticsearchRelease + `
java.version=17
classname=org.elasticsearch.transport.netty4.Netty4Plugin
`

func elasticsearchCommand(at place) (*exec.Cmd, error) {
	parts, err := elasticsearchFiles(context.Background())
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(at.addrs[0])
	_, transportPort, _ := net.SplitHostPort(at.addrs[1])
	config := filepath.Join(at.dir, "config")
	if err := os.Mkdir(config, 0o700); err != nil {
		return nil, err
	}
	for name, content := range map[string]string{
		"elasticsearch.yml": strings.NewReplacer("DATA", at.data, "HTTP", port, "TRANSPORT", transportPort).Replace(opensearchYAML),
		"log4j2.properties": opensearchLog,
	} {
		if err := os.WriteFile(filepath.Join(config, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	if err := os.Symlink(parts.modules, filepath.Join(at.dir, "modules")); err != nil {
		return nil, fmt.Errorf("elasticsearch: modules: %w", err)
	}
	return exec.Command("java", "-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dlog4j2.configurationFile="+filepath.Join(config, "log4j2.properties"), "-Dlog4j2.disable.jmx=true",
		"-cp", parts.classes, "ElasticsearchNode", at.dir), nil
}
