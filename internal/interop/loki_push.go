package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	lokipush "github.com/slogship/slogship/transport/loki" // loki is the server
)

// lokiDestinations: in Protobuf with everything as structured metadata, and in
// JSON with lines of JSON. What a kill makes arrive twice is one entry, where
// Loki still has the first copy in an open block of the same shard.
func lokiDestinations(*environment) []destination {
	return []destination{{
		name: "loki", setup: loki(parseMetadata), kills: true, batch: lokipush.DefaultMaxRecords, pause: pause, check: checkMetadata,
		to: func(at place) transport.Destination { return lokiAt(at) },
		scenes: []scene{
			{"refused entry", refusedEntry},
			{"refused in another stream", refusedStream},
			{"limits", lokiLimits},
			{"wrong tenant", wrongTenant},
		},
	}, {
		name: "loki-json", setup: loki(parseLine), kills: true, batch: lokipush.DefaultMaxRecords, pause: pause, check: checkLine,
		to: func(at place) transport.Destination {
			to := lokiAt(at)
			to.Format, to.Encoder, to.LevelLabel = lokipush.JSON, encode.JSONLines{}, true
			return to
		},
	}}
}

func lokiAt(at place) lokipush.Destination {
	return lokipush.Destination{URL: "http://" + at.addr(), AllowPlaintext: true, Tenant: lokiTenant}
}

// parseMetadata makes an entry of one whose line is the message. What the
// adapter writes as \u001b for the sake of terminals is read back; the texts
// that are logged have nothing that looks like it.
func parseMetadata(row map[string]any) entry {
	object := maps.Clone(row)
	object["msg"] = row["line"]
	for _, name := range []string{"producer", "seq"} {
		text, _ := row[name].(string)
		if n, err := strconv.Atoi(text); err == nil {
			object[name] = n
		}
	}
	if text, _ := row["text"].(string); text == `""` { // Loki would leave out an empty one
		object["text"] = ""
	} else {
		object["text"] = unescapeShown(text)
	}
	e := parseObject(object)
	e.Fields = row
	return e
}

var shownEscape = regexp.MustCompile(`\\u[0-9a-f]{4}`)

func unescapeShown(text string) string {
	return shownEscape.ReplaceAllStringFunc(text, func(s string) string {
		n, _ := strconv.ParseUint(s[2:], 16, 16) // the pattern is that of a number
		return string(rune(n))
	})
}

// checkMetadata compares what Loki has besides: detected_level is its own
// reading of ours.
func checkMetadata(e *entry) error {
	return checkRow(e, map[string]string{"service_name": "interop", "level": "info", "detected_level": "info", "log_id": e.ID})
}

// checkLine compares the entry's time with the line's, too.
func checkLine(e *entry) error {
	line, _ := e.Fields["line"].(string)
	_, rest, _ := strings.Cut(line, `"time":"`)
	text, _, _ := strings.Cut(rest, `"`)
	logged, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return fmt.Errorf("time of the line: %w", err)
	}
	return checkRow(e, map[string]string{
		"service_name": "interop", "level": "info", "detected_level": "info", "log_id": e.ID,
		"ts": strconv.FormatInt(logged.UnixNano(), 10),
	})
}

func checkRow(e *entry, want map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got := e.Fields[name]; got != want[name] {
			return fmt.Errorf("%s is %v, want %v", name, got, want[name])
		}
	}
	if strings.Count(e.ID, "-") != 4 {
		return fmt.Errorf("log_id is %q, want a UUID", e.ID)
	}
	return nil
}
