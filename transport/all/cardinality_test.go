package all_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/loki"
	"github.com/slogship/slogship/transport/sentry"
)

// flood is how many different values the attacker thinks of, and inOne how many
// of them are in one Send.
const flood, inOne = 5000, 100

// floods returns batches in which each record has values, keys, a scope and a
// level of its own.
func floods() (batches [][]encode.Record) {
	for i := 0; i < flood; i += inOne {
		var recs []encode.Record
		for j := range inOne {
			rec := outsider(fmt.Sprintf("made-up-%d", i+j))
			rec.Level = slog.Level((i+j)%60 - 20)
			recs = append(recs, rec)
		}
		batches = append(batches, recs)
	}
	return batches
}

// S34: Loki keeps files for each set of labels. Whatever is logged, there are as
// many as the configuration has: one, and with LevelLabel one for each level.
func TestS34_LokiStreams(t *testing.T) {
	server := &web{}
	url, o := serveHTTPS(t, server)
	for levels, most := range map[bool]int{false: 1, true: 7} {
		tr, err := loki.Destination{URL: url, Format: loki.JSON, LevelLabel: levels, TLS: o}.Open()
		if err != nil {
			t.Fatal(err)
		}
		for _, recs := range floods() {
			if err := tr.Send(t.Context(), recs); err != nil {
				t.Fatal(err)
			}
		}
		streams := map[string]bool{}
		for _, a := range server.take() {
			for _, name := range names(t, "loki", a.body) {
				streams[name] = true
			}
		}
		if len(streams) == 0 || len(streams) > most {
			t.Errorf("%d sets of labels, at most %d are configured", len(streams), most)
		}
		t.Logf("S34: LevelLabel %v: %d records with names and values of their own, %d streams of at most %d", levels, flood, len(streams), most)
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	}
}

// S34: Sentry indexes tags. A record brings no tag that is not configured.
func TestS34_SentryTags(t *testing.T) {
	server := &web{}
	url, o := serveHTTPS(t, server)
	tr, err := overHTTP(url, nil, o)["sentry"].(sentry.Destination).Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, recs := range floods()[:10] { // each event is a request
		for _, rec := range recs {
			rec.Level = slog.LevelError
			deliverOne(t, tr, rec)
		}
	}
	own := map[string]bool{"tenant": true, "logger": true, "service": true, "service.instance.id": true}
	tags, events := map[string]int{}, 0
	for _, a := range server.take() {
		lines := bytes.Split(bytes.TrimSpace(a.body), []byte("\n"))
		var event struct{ Tags map[string]string }
		if err := json.Unmarshal(lines[len(lines)-1], &event); err != nil {
			t.Fatal(err)
		}
		events++
		for name := range event.Tags {
			tags[name]++
		}
	}
	for name, n := range tags {
		if !own[name] {
			t.Errorf("%d events have the tag %q", n, name)
		}
	}
	if tags["tenant"] != events || events != 10*inOne {
		t.Errorf("%d of %d events have the tag: the test has lost its subject", tags["tenant"], events)
	}
	t.Logf("S34: %d events with names and values of their own, tags %v", events, tags)
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
}
