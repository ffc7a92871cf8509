package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/sentry"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// sentryEach is what a producer logs: 2,000 events in all, as Bugsink takes 5 to 20
// a second on a busy machine, each with its issue, tags and a commit.
const sentryEach, sentryApart = 250, 100

// sentryDestinations is Bugsink. INFO is made an event here, since that is what
// the producers log.
func sentryDestinations(env *environment) []destination {
	return []destination{{
		name: "sentry", setup: bugsink(env.pki, parseEvent), kills: true, each: sentryEach, apart: sentryApart, pause: 20 * pause, once: true,
		to:    func(at place) transport.Destination { return sentryAt(at, env.pki) },
		check: checkEvent,
		scenes: []scene{
			{"issues", sentryIssues(env.pki)},
			{"too large", sentryTooLarge(env.pki)},
			{"stranger", sentryStranger(env.pki)},
			{"rotated", sentryRotated(env.pki)},
			{"versions", sentryVersions(env.pki)},
		},
	}}
}

func sentryAt(at place, pki *pki) sentry.Destination {
	return sentry.Destination{
		DSN: "https://" + bugsinkKey + "@" + at.addr() + "/1", TLS: &tlsconfig.Options{CAFile: pki.ca},
		MaxRecords: 20, // so that a kill meets a Send of a second
		EventsFrom: slog.LevelInfo, Tags: []string{"producer", "tenant"},
	}
}

// parseEvent finds a record in an event: its attributes are a context, but for
// the producer, which is a tag.
func parseEvent(row map[string]any) entry {
	raw, err := json.Marshal(row["data"])
	if err != nil {
		return entry{}
	}
	var event struct {
		EventID  string `json:"event_id"`
		Message  string
		Contexts struct{ Attributes entry }
		Tags     struct{ Producer string }
	}
	if json.Unmarshal(raw, &event) != nil {
		return entry{}
	}
	e := event.Contexts.Attributes
	e.Message, e.Fields = event.Message, row
	if len(event.EventID) == 32 {
		id := event.EventID
		e.ID = id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
	}
	var producer int
	if _, err := fmt.Sscan(event.Tags.Producer, &producer); err == nil {
		e.Producer = &producer
	}
	return e
}

var errEvent = errors.New("not as it was logged")

// checkEvent compares what Bugsink made of an event: its tags, its issue, and the
// ID, which has to be the record's own.
func checkEvent(e *entry) error {
	tags, _ := e.Fields["tags"].(map[string]any)
	if tags["producer"] != fmt.Sprint(*e.Producer) || tags["service"] != "interop" {
		return fmt.Errorf("tags %v: %w", tags, errEvent)
	}
	if e.Fields["issue_value"] != message {
		return fmt.Errorf("issue %v: %w", e.Fields["issue_value"], errEvent)
	}
	if _, err := encode.ParseID(e.ID); err != nil {
		return fmt.Errorf("event id: %w: %w", errEvent, err)
	}
	return nil
}
