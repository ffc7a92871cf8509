package main

import (
	"bytes"
	"context"
	_ "embed" // for opensearchNode
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed opensearch/OpenSearchNode.java
var opensearchNode []byte

const opensearchRelease = "2.19.3" // the last line that runs on Java 17

// opensearch is one OpenSearch node, without TLS and without a login, at
// http://ADDR. An answer to a bulk request is in its translog, synced.
//
// parse makes an entry of each document, given as its source and "_id" and
// "_index" besides. The order is that in which they were indexed, index by
// index; each index must have one shard, which is the default.
func opensearch(parse func(row map[string]any) entry) setup {
	return setup{
		install: installs(javaInstall("javac"), func(ctx context.Context) error {
			_, err := opensearchClasses(ctx)
			return err
		}),
		version: func(ctx context.Context) (string, error) {
			if _, err := exec.LookPath("java"); err != nil {
				return "", missing("java", err)
			}
			return "OpenSearch " + opensearchRelease, nil
		},
		command:    opensearchCommand,
		ready:      opensearchReady,
		query:      opensearchQuery(parse),
		startLimit: 90 * time.Second,
		ports:      2,
	}
}

// opensearchClasses returns a class path.
func opensearchClasses(ctx context.Context) (string, error) {
	jars, err := mavenFetch(ctx, "opensearch",
		"org.opensearch:opensearch:"+opensearchRelease,
		"org.opensearch.plugin:transport-netty4-client:"+opensearchRelease,
		"org.apache.logging.log4j:log4j-core:2.21.0")
	if err != nil {
		return "", err
	}
	node, err := built(ctx, "opensearch-node", []string{string(opensearchNode), jars}, func(dir string) error {
		source := filepath.Join(dir, "OpenSearchNode.java")
		if err := os.WriteFile(source, opensearchNode, 0o600); err != nil {
			return err
		}
		return command(ctx, dir, nil, "javac", "-nowarn", "-cp", filepath.Join(jars, "*"), "-d", dir, source)
	})
	return node + ":" + filepath.Join(jars, "*"), err
}

func opensearchCommand(at place) (*exec.Cmd, error) {
	classes, err := opensearchClasses(context.Background())
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(at.addrs[0])
	_, transportPort, _ := net.SplitHostPort(at.addrs[1])
	for name, content := range map[string]string{
		"opensearch.yml": strings.NewReplacer("DATA", at.data, "HTTP", port, "TRANSPORT", transportPort).Replace(opensearchYAML),
		// Loaded or not, JNA would only lock memory and filter system calls.
		"log4j2.properties": opensearchLog,
	} {
		if err := os.WriteFile(filepath.Join(at.dir, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	return exec.Command("java", "-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Djna.nounpack=true", "-Djna.nosys=true", "-Dlog4j2.configurationFile="+filepath.Join(at.dir, "log4j2.properties"),
		"-Dlog4j.shutdownHookEnabled=false", "-Dlog4j2.disable.jmx=true", "-cp", classes, "OpenSearchNode", at.dir), nil
}

const opensearchYAML = `
cluster.name: interop
node.name: interop
discovery.type: single-node
network.host: 127.0.0.1
http.port: HTTP
transport.port: TRANSPORT
path.data: DATA
cluster.routing.allocation.disk.threshold_enabled: false
`

const opensearchLog = `
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
`

// opensearchReady reports whether all indices can be written to.
func opensearchReady(at place) bool {
	says, err := httpGet(context.Background(), "http://"+at.addr()+"/_cluster/health")
	var health struct{ Status string }
	return err == nil && json.Unmarshal(says, &health) == nil && (health.Status == "green" || health.Status == "yellow")
}

// opensearchPage is how many documents are asked for at a time.
const opensearchPage = 2000

func opensearchQuery(parse func(map[string]any) entry) func(context.Context, place, func(entry)) error {
	return func(ctx context.Context, at place, take func(entry)) error {
		if _, err := opensearchAsk(ctx, at, "/_refresh", nil); err != nil {
			return err
		}
		says, err := httpGet(ctx, "http://"+at.addr()+"/_cat/indices?format=json&expand_wildcards=all&h=index&s=index")
		if err != nil {
			return err
		}
		var indices []struct{ Index string }
		if err := json.Unmarshal(says, &indices); err != nil {
			return err
		}
		for _, i := range indices {
			if err := opensearchIndex(ctx, at, i.Index, func(row map[string]any) { take(parse(row)) }); err != nil {
				return fmt.Errorf("opensearch: index %q: %w", i.Index, err)
			}
		}
		return nil
	}
}

// opensearchIndex reads one index in the order of its sequence numbers.
func opensearchIndex(ctx context.Context, at place, index string, take func(map[string]any)) error {
	question := map[string]any{"size": opensearchPage, "sort": []any{map[string]any{"_seq_no": "asc"}}}
	for {
		says, err := opensearchAsk(ctx, at, "/"+index+"/_search", question)
		if err != nil {
			return err
		}
		var answer struct {
			Hits struct {
				Hits []struct {
					ID     string         `json:"_id"`
					Source map[string]any `json:"_source"`
					Sort   []any          `json:"sort"`
				}
			}
		}
		if err := json.Unmarshal(says, &answer); err != nil {
			return err
		}
		for _, hit := range answer.Hits.Hits {
			hit.Source["_id"], hit.Source["_index"] = hit.ID, index
			take(hit.Source)
			question["search_after"] = hit.Sort
		}
		if len(answer.Hits.Hits) < opensearchPage {
			return nil
		}
	}
}

func opensearchAsk(ctx context.Context, at place, path string, question any) ([]byte, error) {
	body, err := json.Marshal(question)
	if err != nil || question == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+at.addr()+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	says, err := httpDo(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %.500s", err, says)
	}
	return says, nil
}
