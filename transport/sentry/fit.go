package sentry

import (
	sdk "github.com/getsentry/sentry-go"
)

// fit returns the event's JSON in at most limit bytes, by leaving out what helps
// least. The tag "slogship.cut" says what is missing. An event of which that
// makes nothing small enough is sent with its message alone: an error that is
// known with little is better than one in a dead letter.
//
// It comes before the request, since a 413 says only that it was too much, and a
// second attempt would be a second Send. It measures the JSON and not its parts:
// how much a string takes depends on what is in it (up to six bytes for one).
func fit(e *sdk.Event, limit int) ([]byte, error) {
	payload, err := marshal(e)
	for _, step := range []struct {
		what string
		do   func(*sdk.Event)
	}{
		{"breadcrumbs", func(e *sdk.Event) { e.Breadcrumbs = nil }},
		{"attributes", dropContexts},
		{"exceptions", shortenExceptions},
		{"all", bare},
	} {
		if err != nil || len(payload) <= limit {
			break
		}
		step.do(e)
		if e.Tags == nil {
			e.Tags = map[string]string{}
		}
		e.Tags["slogship.cut"] = step.what
		payload, err = marshal(e)
	}
	return payload, err
}

// dropContexts leaves the short strings and numbers of the attributes.
func dropContexts(e *sdk.Event) {
	for name, c := range e.Contexts {
		if name == "trace" {
			continue
		}
		kept := sdk.Context{}
		for key, value := range c {
			switch v := value.(type) {
			case string:
				kept[key] = cut(v, maxTag)
			case bool, int, int64, uint64, float64:
				kept[key] = v
			}
			if len(kept) == maxKept {
				break
			}
		}
		e.Contexts[name] = kept
	}
}

// What is left of a large event.
const (
	maxKept       = 50 // attributes
	maxKeptFrames = 20
)

func shortenExceptions(e *sdk.Event) {
	e.Message = cut(e.Message, maxMessage)
	e.Exception = e.Exception[max(len(e.Exception)-3, 0):] // the outermost are the last
	for i := range e.Exception {
		x := &e.Exception[i]
		x.Value = cut(x.Value, 1024)
		if x.Stacktrace != nil {
			x.Stacktrace.Frames = x.Stacktrace.Frames[max(len(x.Stacktrace.Frames)-maxKeptFrames, 0):]
		}
	}
}

func bare(e *sdk.Event) {
	*e = sdk.Event{
		EventID: e.EventID, Timestamp: e.Timestamp, Level: e.Level, Platform: e.Platform, Sdk: e.Sdk,
		Message: cut(e.Message, maxTag), Fingerprint: e.Fingerprint,
		Release: e.Release, Environment: e.Environment, ServerName: cut(e.ServerName, maxTag),
		Tags: map[string]string{}, // refilled by fit
	}
}
