package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/file"
)

const filebeatModule, filebeatPackage = "filebeat", "github.com/elastic/beats/v7/filebeat"

// filebeatExample is the configuration that examples/elk shows: what is tried here
// is that file, with another path and another output.
const filebeatExample = "../../examples/elk/filebeat.yml"

// filebeatDestinations are a file that Filebeat follows through rotations. It is
// killed on the way: its registry says where it was, and what it had written and
// not noted comes twice, with one id.
//
// The file is rotated several times between two kills, and each rotated one waits
// for Filebeat as it is: a compressed one would be read by nobody.
//
// There is no order: the end of a rotated file and the beginning of the next are
// read side by side.
func filebeatDestinations(*environment) []destination {
	return []destination{{
		name: "filebeat", setup: filebeat(parseFilebeat, intoFile), kills: true, behind: true, pause: pause, unordered: true, check: checkFilebeat,
		to: func(at place) transport.Destination {
			return file.Destination{Path: followed(at), Encoder: encode.ECS{}, MaxSize: 1 << 20, Keep: -1}
		},
		scenes: []scene{{"everything read twice", readTwice}},
	}}
}

// filebeat is Elastic's agent, which follows [followed]. At its address it tells
// what it has done. output is the part of its configuration that says where events
// go; parse makes an entry of each that is in a file of received/.
func filebeat(parse func(row map[string]any) entry, output func(at place) string) setup {
	return setup{
		install: installs(elasticsearchServer(nil).install, func(ctx context.Context) error { // for the scene
			_, err := filebeatProgram(ctx)
			return err
		}),
		version: filebeatVersion,
		command: func(at place) (*exec.Cmd, error) {
			program, err := filebeatProgram(context.Background())
			if err != nil {
				return nil, err
			}
			if err := os.MkdirAll(filepath.Dir(followed(at)), 0o700); err != nil {
				return nil, err
			}
			text, err := filebeatConfig(at, output(at))
			if err != nil {
				return nil, err
			}
			conf := filepath.Join(at.dir, "filebeat.yml")
			if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
				return nil, err
			}
			return exec.Command(program, "-c", conf, "--path.home", at.dir, "--path.data", filepath.Join(at.data, "filebeat")), nil
		},
		ready: answersTCP,
		read:  readRows(parse),
	}
}

// errExample: examples/elk/filebeat.yml is not what is expected here.
var errExample = errors.New("has no such part")

// filebeatConfig is the example with the path of this life, looked at more often
// than by default (10 s for new names, 2 s and more after an end of file), and
// with another output.
func filebeatConfig(at place, output string) (string, error) {
	text, err := os.ReadFile(filebeatExample)
	if err != nil {
		return "", err
	}
	const path, id, rest = `"/var/log/shop/shop.log*"`, "\n    id: shop", "\noutput.elasticsearch:"
	inputs, _, found := strings.Cut(string(text), rest)
	if !found || !strings.Contains(inputs, path) || !strings.Contains(inputs, id) {
		return "", fmt.Errorf("%s: %q, %q or %q: %w", filebeatExample, path, id, rest, errExample)
	}
	inputs = strings.NewReplacer(path, `"`+followed(at)+`*"`, id, `
    prospector.scanner.check_interval: 300ms
    backoff: {init: 50ms, max: 500ms}`+id).Replace(inputs)
	host, port, _ := strings.Cut(at.addr(), ":")
	return inputs + output + strings.NewReplacer("HOST", host, "PORT", port).Replace(`
http: {enabled: true, host: HOST, port: PORT}
logging.to_stderr: true
logging.level: warning
`), nil
}

// intoFile is for what is killed: a file tells what was there when it was.
func intoFile(at place) string {
	return strings.ReplaceAll(`
output.file:
  path: DIR/received
  filename: events
  rotate_every_kb: 1048576
`, "DIR", at.dir)
}

// intoElasticsearch is what the example has, without TLS and a login.
func intoElasticsearch(url string) func(place) string {
	return func(place) string {
		return `
output.elasticsearch:
  hosts: ["` + url + `"]
  index: followed
setup: {template.enabled: false, ilm.enabled: false}
`
	}
}

func filebeatProgram(ctx context.Context) (string, error) {
	return goBuild(ctx, filebeatModule, filebeatPackage)
}

func filebeatVersion(ctx context.Context) (string, error) {
	program, err := filebeatProgram(ctx)
	if err != nil {
		return "", missing("filebeat", err)
	}
	return moduleVersion(ctx, program, "Filebeat", "github.com/elastic/beats/v7")
}

// parseFilebeat is for events whose document id is the record's.
func parseFilebeat(row map[string]any) entry {
	meta, _ := row["@metadata"].(map[string]any)
	return parseDocument(row, meta["_id"])
}

var errFollowed = errors.New("not as the line has it")

// checkFilebeat looks at what Filebeat made of the ECS line.
func checkFilebeat(e *entry) error {
	service, _ := e.Fields["service"].(map[string]any)
	log, _ := e.Fields["log"].(map[string]any)
	at, _ := e.Fields["@timestamp"].(string)
	// What a processor wrote into @metadata by itself comes before Filebeat's own,
	// as a name that is there twice, and makes neither the document's id.
	meta, _ := e.Fields["@metadata"].(map[string]any)
	if meta["beat"] != "filebeat" {
		return fmt.Errorf("@metadata %v: %w", meta, errFollowed)
	}
	if service["name"] != "interop" || log["level"] != "info" || at == "" || e.Fields["error"] != nil {
		return fmt.Errorf("service %v, log %v, @timestamp %q, error %v: %w", service, log, at, e.Fields["error"], errFollowed)
	}
	return nil
}
