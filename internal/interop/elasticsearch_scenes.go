package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/transport/elasticsearch"
)

// sceneRecords is how many records a scene logs.
const sceneRecords = 300

var errScene = errors.New("not as it should be")

// refusedDocument: one record of many contradicts the index's mapping. It is in
// the dead letter with the server's reason, and all others are delivered.
func refusedDocument(ctx context.Context, on *stage) error {
	const bad = sceneRecords / 2
	at := on.server.life.at
	if _, err := elasticPut(ctx, at, "/refused", `{"mappings":{"properties":{"amount":{"type":"long"}}}}`); err != nil {
		return err
	}
	pipe, err := on.pipeline("refused", elasticsearchAt(at, "refused"), nil)
	if err != nil {
		return err
	}
	stats, err := logAll(ctx, pipe, func(i int) slog.Attr {
		if i == bad {
			return slog.String("amount", "plenty of s3cret")
		}
		return slog.Int("amount", i)
	})
	if err != nil {
		return err
	}
	dead, err := deadLetters(filepath.Join(on.dir, "buffer", "refused"))
	switch {
	case err != nil:
		return err
	case stats.Delivered != sceneRecords-1 || stats.Dead != 1:
		return fmt.Errorf("%d delivered, %d dead: %w", stats.Delivered, stats.Dead, errScene)
	case !strings.Contains(dead, "_parsing_exception") || !strings.Contains(dead, "[amount]"):
		return fmt.Errorf("dead letter %q: %w", dead, errScene)
	case strings.Contains(stats.LastError, "s3cret"):
		return fmt.Errorf("the error quotes the document: %q: %w", stats.LastError, errScene)
	}
	return wantCount(ctx, at, "refused", sceneRecords-1)
}

// writeBlock: an index that takes nothing holds the records up, and loses none.
func writeBlock(ctx context.Context, on *stage) error {
	at := on.server.life.at
	if _, err := elasticPut(ctx, at, "/blocked", `{"settings":{"index.blocks.write":true}}`); err != nil {
		return err
	}
	pipe, err := on.pipeline("blocked", elasticsearchAt(at, "blocked"), nil)
	if err != nil {
		return err
	}
	for i := range sceneRecords {
		if err := pipe.log(ctx, slog.Int("seq", i)); err != nil {
			return errors.Join(err, pipe.close(ctx, false))
		}
	}
	// close flushes first: Close alone gives up on a destination that it knows to
	// be down.
	held := poll(ctx, func() bool {
		stats := pipe.handler.Stats().Routes[0]
		return stats.Retries > 0 && strings.Contains(stats.LastError, "cluster_block_exception")
	})
	_, unblocked := elasticPut(ctx, at, "/blocked/_settings", `{"index.blocks.write":false}`)
	if err := errors.Join(held, unblocked, pipe.close(ctx, true)); err != nil {
		return err
	}
	return wantCount(ctx, at, "blocked", sceneRecords)
}

// dataStream: a data stream takes the same requests.
func dataStream(ctx context.Context, on *stage) error {
	at := on.server.life.at
	if _, err := elasticPut(ctx, at, "/_index_template/logs", `{"index_patterns":["logs-*-*"],"data_stream":{}}`); err != nil {
		return err
	}
	pipe, err := on.pipeline("stream", elasticsearchAt(at, elasticsearch.DefaultIndex), nil)
	if err != nil {
		return err
	}
	if _, err := logAll(ctx, pipe, func(i int) slog.Attr { return slog.Int("seq", i) }); err != nil {
		return err
	}
	says, err := httpGet(ctx, "http://"+at.addr()+"/_cat/indices?expand_wildcards=all&h=index")
	if err != nil || !strings.Contains(string(says), ".ds-"+elasticsearch.DefaultIndex) {
		return fmt.Errorf("no data stream among %q: %w", says, errors.Join(err, errScene))
	}
	return wantCount(ctx, at, elasticsearch.DefaultIndex, sceneRecords)
}

// missingTemplate: with RequireDataStream, nothing is put into a plain index by
// mistake; the records wait for the template. Elasticsearch alone knows that.
func missingTemplate(ctx context.Context, on *stage) error {
	at := on.server.life.at
	to := elasticsearchAt(at, "logs-late-default")
	to.RequireDataStream = true
	pipe, err := on.pipeline("late", to, nil)
	if err != nil {
		return err
	}
	for i := range sceneRecords {
		if err := pipe.log(ctx, slog.Int("seq", i)); err != nil {
			return errors.Join(err, pipe.close(ctx, false))
		}
	}
	held := poll(ctx, func() bool { return pipe.handler.Stats().Routes[0].Retries > 3 })
	stats := pipe.handler.Stats().Routes[0]
	if stats.Delivered != 0 || stats.Dead != 0 {
		held = errors.Join(held, fmt.Errorf("without a template: %d delivered, %d dead: %w", stats.Delivered, stats.Dead, errScene))
	}
	_, made := elasticPut(ctx, at, "/_index_template/logs", `{"index_patterns":["logs-*-*"],"data_stream":{}}`)
	if err := errors.Join(held, made, pipe.close(ctx, true)); err != nil {
		return err
	}
	return wantCount(ctx, at, "logs-late-default", sceneRecords)
}

// deadNode: of two nodes one is not there. Everything goes to the other one.
func deadNode(ctx context.Context, on *stage) error {
	at := on.server.life.at
	nowhere, err := freeAddrs(1)
	if err != nil {
		return err
	}
	to := elasticsearchAt(at, "survivor")
	to.URLs = append([]string{"http://" + nowhere[0]}, to.URLs...)
	pipe, err := on.pipeline("survivor", to, nil)
	if err != nil {
		return err
	}
	stats, err := logAll(ctx, pipe, func(i int) slog.Attr { return slog.Int("seq", i) })
	if err == nil && stats.Retries == 0 {
		err = fmt.Errorf("the dead node was not asked first: %w", errScene)
	}
	return errors.Join(err, wantCount(ctx, at, "survivor", sceneRecords))
}

// logAll logs sceneRecords records and closes p when all have an answer.
func logAll(ctx context.Context, p *pipeline, attr func(i int) slog.Attr) (handler.RouteStats, error) {
	for i := range sceneRecords {
		if err := p.log(ctx, attr(i)); err != nil {
			return handler.RouteStats{}, errors.Join(err, p.close(ctx, false))
		}
	}
	err := p.handler.Flush(ctx)
	stats := p.handler.Stats().Routes[0]
	return stats, errors.Join(err, p.close(ctx, false))
}

// deadLetters is all that the dead letter files below dir hold.
func deadLetters(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "dead.ndjson"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("%d dead letter files: %w", len(files), errors.Join(err, errScene))
	}
	text, err := os.ReadFile(files[0])
	return string(text), err
}

// wantCount asks the server how many documents an index has.
func wantCount(ctx context.Context, at place, index string, want int) error {
	if _, err := opensearchAsk(ctx, at, "/"+index+"/_refresh", nil); err != nil {
		return err
	}
	says, err := httpGet(ctx, "http://"+at.addr()+"/"+index+"/_count")
	if err != nil {
		return err
	}
	var answer struct{ Count int }
	if err := json.Unmarshal(says, &answer); err != nil || answer.Count != want {
		return fmt.Errorf("%s has %d documents, want %d: %w", index, answer.Count, want, errors.Join(err, errScene))
	}
	return nil
}

func elasticPut(ctx context.Context, at place, path, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+at.addr()+path, strings.NewReader(body))
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
