package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// lokiTenant is whose records they are.
const lokiTenant = "interop"

const lokiModule, lokiPackage = "loki", "github.com/grafana/loki/v3/cmd/loki"

// loki is Grafana Loki as one process that keeps everything in files. What it
// has acknowledged is in its write-ahead log, which a SIGKILL leaves to the
// kernel and the next life reads.
//
// That reads no further, and says nothing, than to a record which a kill has torn
// in two (RecoverWAL in pkg/ingester/recovery.go does not ask its reader for an
// error). What the lives after that one have acknowledged is gone with the next
// start, unless a checkpoint has made the torn segment superfluous. So
// checkpoints are made every second here, and a server is ready when its first
// one is complete: a second kill within seconds is what a single Loki cannot
// stand, whatever sends to it.
//
// Pushes go to http://ADDR/loki/api/v1/push, and need a tenant; what lokiTenant
// has is what it received. parse makes an entry of each log
// line, given as its labels and structured metadata by name, "line", and "ts"
// in nanoseconds; all are strings. The order is that of the timestamps.
func loki(parse func(row map[string]any) entry) setup {
	return setup{
		install: func(ctx context.Context) error { _, err := lokiProgram(ctx); return err },
		version: lokiVersion,
		command: func(at place) (*exec.Cmd, error) {
			program, err := lokiProgram(context.Background())
			if err != nil {
				return nil, err
			}
			conf := filepath.Join(at.dir, "loki.yaml")
			if err := os.WriteFile(conf, []byte(lokiConfig(at)), 0o600); err != nil {
				return nil, err
			}
			return exec.Command(program, "-config.file="+conf), nil
		},
		ready:      lokiReady,
		query:      lokiQuery(parse),
		startLimit: 60 * time.Second,
		ports:      2,
	}
}

// lokiProgram is there at once when it has been built.
func lokiProgram(ctx context.Context) (string, error) { return goBuild(ctx, lokiModule, lokiPackage) }

// lokiConfig lifts the limits that a load of moments would meet; those on what a
// record may be are Loki's own.
func lokiConfig(at place) string {
	_, port, _ := net.SplitHostPort(at.addrs[0])
	_, grpc, _ := net.SplitHostPort(at.addrs[1])
	return strings.NewReplacer("DATA", at.data, "HTTP", port, "GRPC", grpc).Replace(`
auth_enabled: true
analytics: {reporting_enabled: false}
server:
  http_listen_address: 127.0.0.1
  http_listen_port: HTTP
  grpc_listen_address: 127.0.0.1
  grpc_listen_port: GRPC
  grpc_server_max_recv_msg_size: 268435456
  grpc_server_max_send_msg_size: 268435456
  log_level: warn
common:
  path_prefix: DATA
  replication_factor: 1
  instance_addr: 127.0.0.1
  ring: {kvstore: {store: inmemory}, instance_addr: 127.0.0.1}
  storage: {filesystem: {chunks_directory: DATA/chunks, rules_directory: DATA/rules}}
schema_config:
  configs:
    - {from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: index_, period: 24h}}
ingester:
  wal: {enabled: true, dir: DATA/wal, checkpoint_duration: 1s}
  lifecycler: {min_ready_duration: 0s, final_sleep: 0s}
limits_config:
  max_entries_limit_per_query: 100000
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  per_stream_rate_limit: 1GB
  per_stream_rate_limit_burst: 1GB
`)
}

// lokiReady reports whether pushes are taken. The parts are asked in an order:
// when it is the query frontend that is not ready, for some ten seconds, the
// ingester is.
func lokiReady(at place) bool {
	says, err := httpGet(context.Background(), "http://"+at.addr()+"/ready")
	return (err == nil || strings.HasPrefix(string(says), "Query Frontend not ready")) && lokiCheckpoint(at)
}

// secondCheckpoint is in the metrics when the first one is complete.
var secondCheckpoint = regexp.MustCompile(`(?m)^loki_ingester_checkpoint_creations_total ([2-9]|\d\d)`)

func lokiCheckpoint(at place) bool {
	says, err := httpGet(context.Background(), "http://"+at.addr()+"/metrics")
	return err == nil && secondCheckpoint.Match(says)
}

func lokiVersion(ctx context.Context) (string, error) {
	program, err := lokiProgram(ctx)
	if err != nil {
		return "", missing("loki", err)
	}
	return moduleVersion(ctx, program, "Loki", "github.com/grafana/loki/v3")
}

// lokiLine is one line as the API gives it.
type lokiLine struct {
	labels map[string]string
	ts     int64
	line   string
}

// lokiPage is how many lines are asked for at a time.
const lokiPage = 2000

var errPage = errors.New("a page of one timestamp")

// lokiQuery reads all streams, page by page: from the last timestamp of a page
// on, as more lines may have it than the page had room for.
func lokiQuery(parse func(map[string]any) entry) func(context.Context, place, func(entry)) error {
	return func(ctx context.Context, at place, take func(entry)) error {
		if err := awaitLokiQueries(ctx, at); err != nil {
			return err
		}
		seen := map[string]int{} // lines of the timestamp at which the page begins
		for from := time.Now().Add(-time.Hour).UnixNano(); ; {
			lines, err := lokiLines(ctx, at, from)
			if err != nil {
				return err
			}
			fresh, page := 0, map[string]int{} // how often a line is there; two alike are a duplicate
			for _, l := range lines {
				key := fmt.Sprint(l.ts, l.labels, l.line)
				if page[key]++; page[key] <= seen[key] {
					continue
				}
				if l.ts > from {
					from = l.ts
					clear(seen)
				}
				seen[key] = page[key]
				fresh++
				take(parse(l.row()))
			}
			if len(lines) < lokiPage {
				return nil
			}
			if fresh == 0 {
				return fmt.Errorf("loki: query from %d: %w", from, errPage)
			}
		}
	}
}

func (l *lokiLine) row() map[string]any {
	row := map[string]any{"ts": strconv.FormatInt(l.ts, 10), "line": l.line}
	for name, value := range l.labels {
		row[name] = value
	}
	return row
}

// lokiLines asks for a page of lines, oldest first. Each stream of an answer is
// sorted, and a stream is what has the same labels and metadata.
func lokiLines(ctx context.Context, at place, from int64) ([]lokiLine, error) {
	q := url.Values{
		"query": {`{service_name=~".+"}`}, "direction": {"forward"}, "limit": {strconv.Itoa(lokiPage)},
		"start": {strconv.FormatInt(from, 10)}, "end": {strconv.FormatInt(time.Now().Add(time.Hour).UnixNano(), 10)},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at.addr()+"/loki/api/v1/query_range?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Scope-OrgID", lokiTenant)
	says, err := httpDo(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %.300s", err, says)
	}
	var answer struct {
		Data struct {
			Result []struct {
				Stream map[string]string
				Values [][2]string
			}
		}
	}
	if err := json.Unmarshal(says, &answer); err != nil {
		return nil, err
	}
	var lines []lokiLine
	for _, s := range answer.Data.Result {
		for _, v := range s.Values {
			ts, err := strconv.ParseInt(v[0], 10, 64)
			if err != nil {
				return nil, err
			}
			lines = append(lines, lokiLine{s.Stream, ts, v[1]})
		}
	}
	slices.SortStableFunc(lines, func(a, b lokiLine) int { return cmp.Compare(a.ts, b.ts) })
	return lines, nil
}

// awaitLokiQueries waits until queries are answered, too.
func awaitLokiQueries(ctx context.Context, at place) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return poll(ctx, func() bool {
		_, err := httpGet(ctx, "http://"+at.addr()+"/ready")
		return err == nil
	})
}

// parseLine is for lines that are encode.JSONLines.
func parseLine(row map[string]any) entry { return parseField(row, "line") }
