package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/elasticsearch"
)

// indexPattern makes the index's name depend on each record, as services with
// an index a day have it.
const indexPattern = "interop-{yyyy.MM.dd}"

// elasticsearchDestinations: both servers speak the same _bulk API; OpenSearch has
// none of the newer parameters. The IDs leave no room for duplicates (once),
// whatever the kills do.
func elasticsearchDestinations(*environment) []destination {
	both := destination{
		kills: true, pause: pause, once: true, check: checkDocument,
		to: func(at place) transport.Destination { return elasticsearchAt(at, indexPattern) },
		scenes: []scene{
			{"refused document", refusedDocument}, {"write block", writeBlock}, {"data stream", dataStream}, {"dead node", deadNode},
		},
	}
	elastic, open := both, both
	elastic.name, elastic.setup = "elasticsearch", elasticsearchServer(parseECS)
	elastic.scenes = append(slices.Clip(both.scenes), scene{"missing template", missingTemplate})
	open.name, open.setup = "opensearch", opensearch(parseECS)
	return []destination{elastic, open}
}

func elasticsearchAt(at place, index string) elasticsearch.Destination {
	return elasticsearch.Destination{URLs: []string{"http://" + at.addr()}, AllowPlaintext: true, Index: index}
}

// checkDocument compares the fields that ECS gives a record, and where it went.
func checkDocument(e *entry) error {
	at, _ := e.Fields["@timestamp"].(string)
	logged, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return fmt.Errorf("@timestamp is %q: %w", at, err)
	}
	want := map[string]any{
		"log.level": "info", "service.name": "interop", "event.id": e.ID, "_id": e.ID, "ecs.version": encode.ECSVersion,
		"_index": "interop-" + logged.UTC().Format("2006.01.02"),
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got := e.Fields[name]; got != want[name] {
			return fmt.Errorf("%s is %v, want %v", name, got, want[name])
		}
	}
	if strings.Count(e.ID, "-") != 4 {
		return fmt.Errorf("_id is %q, want a UUID", e.ID)
	}
	return nil
}
