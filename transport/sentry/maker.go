package sentry

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	sdk "github.com/getsentry/sentry-go"

	"github.com/slogship/slogship/encode"
)

// maker makes events and logs of records. It does not change after Open.
type maker struct {
	dest *Destination
	tags map[string]bool
}

func newMaker(d *Destination) *maker {
	m := &maker{dest: d, tags: map[string]bool{}}
	for _, name := range d.Tags {
		m.tags[name] = true
	}
	return m
}

// finished is the event for rec after BeforeSend; nil: it is discarded.
//
// A panic of the service's own functions is the record's fault: let through, it
// would be a failed Send, and the same record would be tried again and again.
func (m *maker) finished(rec *encode.Record) (event *sdk.Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			event, err = nil, fmt.Errorf("sentry: Template or BeforeSend panicked with a %T: %w", p, ErrEvent)
		}
	}()
	event = m.event(rec)
	if m.dest.BeforeSend == nil {
		return event, nil
	}
	if event = m.dest.BeforeSend(event, rec); event != nil {
		event.EventID = eventID(rec.ID) // what the server drops duplicates by
	}
	return event, nil
}

// event is rec as an event. Who logged it is rec's Resource and not this process:
// a backlog of the version before is that version's.
func (m *maker) event(rec *encode.Record) *sdk.Event {
	e := &sdk.Event{
		EventID: eventID(rec.ID), Timestamp: when(rec), Level: eventLevel(rec.Level), Platform: "go",
		Logger: rec.Scope, Message: rec.Message,
		Sdk:  sdk.SdkInfo{Name: clientName, Version: clientVersion},
		Tags: map[string]string{}, Contexts: map[string]sdk.Context{},
	}
	m.identify(e, rec.Resource)
	found := m.sort(rec.Attrs)
	found.scope.apply(e)
	found.apply(e)
	setTrace(e, rec.Trace)
	if rec.Source.File != "" {
		e.Contexts["source"] = sdk.Context{"file": rec.Source.File, "line": rec.Source.Line, "function": rec.Source.Function}
	}
	stack, panicked := trimPanic(rec.Stack)
	if panicked == "" && len(stack) > 0 && found.err != nil && found.err.Type == panicType {
		panicked = stack[0].Function // Middleware's record says itself where its stack begins
	}
	setExceptions(e, found.err, stack, panicked != "")
	if len(e.Fingerprint) == 0 {
		e.Fingerprint = m.fingerprint(rec, panicked)
	}
	return e
}

// identify says who logged it. A release is "package@version" at Sentry.
func (m *maker) identify(e *sdk.Event, r *encode.Resource) {
	e.ServerName, e.Environment, e.Release = r.Host, r.Environment, r.Version
	if r.Service != "" && r.Version != "" {
		e.Release = r.Service + "@" + r.Version
	}
	more := sdk.Context{}
	for _, a := range r.Attrs {
		switch a.Key {
		case "sentry.release":
			e.Release = text(a.Value)
		case "sentry.dist":
			e.Dist = text(a.Value)
		default:
			put(more, a.Key, plain(a.Value, 0))
		}
	}
	e.Release, e.Dist = cut(e.Release, maxTag), cut(e.Dist, maxDist)
	setTag(e.Tags, "service", r.Service)
	setTag(e.Tags, "instance", r.Instance)
	if r.PID != 0 {
		more["process.pid"] = r.PID
	}
	if len(more) > 0 {
		e.Contexts["resource"] = more
	}
}

// when is the record's time; what has none was logged when it was taken.
func when(rec *encode.Record) time.Time {
	if rec.Time.IsZero() {
		return rec.Observed.UTC()
	}
	return rec.Time.UTC()
}

// eventID is a record's ID as Sentry writes IDs.
func eventID(id encode.ID) sdk.EventID { return sdk.EventID(hex.EncodeToString(id[:])) }

// setTrace says where the record belongs. Without a trace of its own it keeps the
// one of the scope.
func setTrace(e *sdk.Event, t encode.Trace) {
	if t.TraceID == [16]byte{} {
		return
	}
	c := sdk.Context{"trace_id": hex.EncodeToString(t.TraceID[:])}
	if t.SpanID != [8]byte{} {
		c["span_id"] = hex.EncodeToString(t.SpanID[:])
	}
	e.Contexts["trace"] = c
}

// marshal is json.Marshal for an event that BeforeSend may have put anything
// into, a value with a MarshalJSON that panics included.
func marshal(e *sdk.Event) (payload []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sentry: marshal event: a %T: %w", p, ErrEvent)
		}
	}()
	if payload, err = json.Marshal(e); err != nil {
		return nil, fmt.Errorf("sentry: marshal event: %w: %w", ErrEvent, err)
	}
	return payload, nil
}
