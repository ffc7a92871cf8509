package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/file"
)

const twiceEach = 250 // records of one producer

// readTwice is Filebeat into Elasticsearch, as examples/elk has it, whose registry
// goes: it reads all lines again, and none is stored again.
func readTwice(ctx context.Context, on *stage) error {
	on.server.kill() // its output is another
	store, err := newServer(elasticsearchServer(parseStored), filepath.Join(on.dir, "store"))
	if err != nil {
		return err
	}
	if err := store.start(ctx); err != nil {
		return err
	}
	defer store.kill()
	front := httptest.NewServer(introduced(store.life.at))
	defer front.Close()
	agent, err := newServer(filebeat(nil, intoElasticsearch(front.URL)), filepath.Join(on.dir, "agent"))
	if err != nil {
		return err
	}
	if err := agent.start(ctx); err != nil {
		return err
	}
	defer agent.kill()
	if err := logFollowed(ctx, on, agent.life.at); err != nil {
		return err
	}
	if err := awaitEvents(ctx, agent.life.at, func(e filebeatEvents) bool { return e.Acked >= producers*twiceEach }); err != nil {
		return err
	}
	agent.kill()
	if err := os.RemoveAll(filepath.Join(agent.dir, "data", "filebeat", "registry")); err != nil {
		return err
	}
	if err := agent.start(ctx); err != nil {
		return err
	}
	// In its second life each one is refused as there already.
	if err := awaitEvents(ctx, agent.life.at, func(e filebeatEvents) bool { return e.Duplicates >= producers*twiceEach }); err != nil {
		return err
	}
	j := newJudge(producers, twiceEach)
	if _, err := store.received(ctx, j.take); err != nil {
		return err
	}
	v := j.sentence()
	v.disordered = 0 // rotated files are read side by side
	if v.lost+v.duplicates > 0 {
		return fmt.Errorf("%d lost, %d twice: %w", v.lost, v.duplicates, errTwice)
	}
	return errors.Join(v.faults(), j.wrong)
}

// introduced is the node, but for the two questions that Filebeat begins with. The
// modules of Elasticsearch that answer them are in no registry; what is tried is
// what becomes of the documents.
func introduced(at place) http.Handler {
	all := http.NewServeMux()
	for path, says := range map[string]string{
		"GET /{$}":      `{"version": {"number": "` + elasticsearchRelease + `"}, "tagline": "You Know, for Search"}`,
		"GET /_license": `{"license": {"type": "basic", "status": "active"}}`,
	} {
		all.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, says)
		})
	}
	all.Handle("/", httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: at.addr()}))
	return all
}

// logFollowed writes the file that the agent at that place follows.
func logFollowed(ctx context.Context, on *stage, at place) error {
	pipe, err := on.pipeline("shop", file.Destination{Path: followed(at), Encoder: encode.ECS{}, MaxSize: 256 << 10, Keep: -1}, nil)
	if err != nil {
		return err
	}
	l := newLoad(pipe.log, twiceEach, 0)
	l.allow(twiceEach)
	return errors.Join(l.run(ctx, producers), pipe.close(ctx, false))
}

// filebeatEvents is what Filebeat says of its output. What it calls acked is
// everything that needs no further try, duplicates among it.
type filebeatEvents struct{ Acked, Duplicates int }

// awaitEvents waits until a Filebeat has come that far.
func awaitEvents(ctx context.Context, at place, ok func(filebeatEvents) bool) error {
	var last filebeatEvents
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err := poll(ctx, func() bool {
		says, err := httpGet(ctx, "http://"+at.addr()+"/stats")
		var stats struct {
			Libbeat struct {
				Output struct{ Events filebeatEvents }
			}
		}
		if err != nil || json.Unmarshal(says, &stats) != nil {
			return false
		}
		last = stats.Libbeat.Output.Events
		return ok(last)
	})
	if err != nil {
		return fmt.Errorf("filebeat: stuck at %+v: %w", last, err)
	}
	return nil
}

// parseStored is for documents whose id is the record's.
func parseStored(row map[string]any) entry { return parseDocument(row, row["_id"]) }
