package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

const otelcolModule, otelcolPackage = "otelcol", "github.com/slogship/slogship/internal/interop/otelcol"

// otelApart is how far the kills are apart: a Send takes a millisecond or two, so
// many a kill meets none under way, and more than the usual dozen are tried.
const otelApart = 500

// otelDestinations are OTLP into a Collector, over both protocols, plain and with
// TLS and a client certificate.
func otelDestinations(env *environment) []destination {
	row := func(name string, pki *pki, protocol otlp.Protocol) destination {
		var scenes []scene
		if pki != nil {
			scenes = otelScenes(pki, protocol)
		}
		return destination{
			scenes: scenes,
			name:   name, setup: otelcol(pki, protocol), kills: true, batch: otlp.DefaultMaxRecords, apart: otelApart, pause: pause, check: checkOTLP,
			to: func(at place) transport.Destination { return otlpAt(at, pki, protocol) },
		}
	}
	return []destination{
		row("otlp-http", nil, otlp.HTTP), row("otlp-grpc", nil, otlp.GRPC),
		row("otlp-http-tls", env.pki, otlp.HTTP), row("otlp-grpc-tls", env.pki, otlp.GRPC),
	}
}

func otlpAt(at place, pki *pki, protocol otlp.Protocol) otlp.Destination {
	to := otlp.Destination{
		URL: "http://" + at.addr(), AllowPlaintext: true, Protocol: protocol,
		Lookup: func(string) (string, bool) { return "", false }, // not this machine's
	}
	if pki != nil {
		to.URL, to.AllowPlaintext = "https://"+at.addr(), false
		to.TLS = &tlsconfig.Options{CAFile: pki.ca, CertFile: pki.client.cert, KeyFile: pki.client.key}
	}
	return to
}

// otelcol is an OpenTelemetry Collector that appends what it receives to a file,
// a line for each request, before it answers: the file exporter has no
// sending_queue, and with rotation (which a run never reaches) no buffer either.
// Without, it answers for what is in a buffer for up to a second, and a SIGKILL
// takes that along. With a pki it speaks TLS 1.3 and asks for a client
// certificate.
func otelcol(pki *pki, protocol otlp.Protocol) setup {
	return setup{
		install: func(ctx context.Context) error { _, err := otelcolProgram(ctx); return err },
		version: otelcolVersion,
		command: func(at place) (*exec.Cmd, error) {
			program, err := otelcolProgram(context.Background())
			if err != nil {
				return nil, err
			}
			conf := filepath.Join(at.dir, "otelcol.yaml")
			if err := os.WriteFile(conf, []byte(otelcolConfig(at, pki, protocol)), 0o600); err != nil {
				return nil, err
			}
			return exec.Command(program, "--config=file:"+conf), nil
		},
		ready:      answersTCP,
		read:       readOTLP,
		startLimit: 60 * time.Second,
	}
}

func otelcolProgram(ctx context.Context) (string, error) {
	return goBuild(ctx, otelcolModule, otelcolPackage)
}

func otelcolVersion(ctx context.Context) (string, error) {
	program, err := otelcolProgram(ctx)
	if err != nil {
		return "", missing("otelcol", err)
	}
	return moduleVersion(ctx, program, "OpenTelemetry Collector", "go.opentelemetry.io/collector/otelcol")
}

// otelcolMost is the largest request that a Collector takes over HTTP, so that
// there are records that it refuses.
const otelcolMost = 512 << 10

func otelcolConfig(at place, pki *pki, protocol otlp.Protocol) string {
	name, secure := "http", fmt.Sprintf(", max_request_body_size: %d", otelcolMost)
	if protocol == otlp.GRPC {
		name, secure = "grpc", ""
	}
	if pki != nil {
		secure += fmt.Sprintf(", tls: {cert_file: %q, key_file: %q, client_ca_file: %q, min_version: \"1.3\"}", pki.server.cert, pki.server.key, pki.ca)
	}
	return fmt.Sprintf(`
receivers: {otlp: {protocols: {%s: {endpoint: %q%s}}}}
exporters: {file: {path: %q, rotation: {max_megabytes: 10000}}}
service:
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines: {logs: {receivers: [otlp], exporters: [file]}}
`, name, at.addr(), secure, filepath.Join(at.dir, "received", "requests"))
}

// otlpAny is an AnyValue in OTLP's JSON, in which int64 is text.
type otlpAny struct {
	StringValue *string
	IntValue    *string
}

type otlpPair struct {
	Key   string
	Value otlpAny
}

type otlpRequest struct {
	ResourceLogs []struct {
		Resource  struct{ Attributes []otlpPair }
		ScopeLogs []struct {
			LogRecords []struct {
				TimeUnixNano, ObservedTimeUnixNano string
				SeverityNumber                     int
				SeverityText                       string
				Body                               otlpAny
				Attributes                         []otlpPair
			}
		}
	}
}

// readOTLP reads what the file exporter wrote: a request a line, in OTLP's JSON.
func readOTLP(name string, take func(entry)) (torn bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return readLines(f, func(line []byte) {
		var req otlpRequest
		if json.Unmarshal(line, &req) != nil {
			take(entry{})
			return
		}
		for _, r := range req.ResourceLogs {
			who := otlpRow(r.Resource.Attributes)
			for _, s := range r.ScopeLogs {
				for _, l := range s.LogRecords {
					row := otlpRow(l.Attributes)
					row["msg"], row["log_id"] = otlpValue(l.Body), row["log.record.uid"]
					row["severity"] = fmt.Sprint(l.SeverityNumber, " ", l.SeverityText)
					row["time"], row["observed"] = l.TimeUnixNano, l.ObservedTimeUnixNano
					row["service"], row["version"] = who["service.name"], who["service.version"]
					take(parseObject(row))
				}
			}
		}
	})
}

func otlpRow(pairs []otlpPair) map[string]any {
	row := make(map[string]any, len(pairs))
	for _, p := range pairs {
		row[p.Key] = otlpValue(p.Value)
	}
	return row
}

func otlpValue(v otlpAny) any {
	switch {
	case v.StringValue != nil:
		return *v.StringValue
	case v.IntValue != nil:
		n, _ := strconv.Atoi(*v.IntValue) // 0 is not what was logged, and is found
		return n
	}
	return nil
}

// checkOTLP compares what the Collector has besides.
func checkOTLP(e *entry) error {
	logged, err := strconv.ParseInt(fmt.Sprint(e.Fields["time"]), 10, 64)
	if err != nil {
		return err
	}
	observed, err := strconv.ParseInt(fmt.Sprint(e.Fields["observed"]), 10, 64)
	switch {
	case err != nil:
		return err
	case e.Fields["severity"] != "9 INFO":
		return fmt.Errorf("severity is %v, want 9 INFO", e.Fields["severity"])
	case e.Fields["service"] != "interop":
		return fmt.Errorf("service.name is %v, want interop", e.Fields["service"])
	case strings.Count(e.ID, "-") != 4:
		return fmt.Errorf("log.record.uid is %q, want a UUID", e.ID)
	case time.Since(time.Unix(0, logged)) > time.Hour || observed < logged:
		return fmt.Errorf("time %d, observed %d", logged, observed)
	}
	return nil
}
