package sentry

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	sdk "github.com/getsentry/sentry-go"
	"github.com/getsentry/sentry-go/attribute"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// maxLogs is the most that an envelope may hold
// (https://develop.sentry.dev/sdk/telemetry/logs/).
const maxLogs = 100

// sendLogs sends the records as logs, up to 100 in an envelope.
func (s *sender) sendLogs(ctx context.Context, b *batch) {
	for at := 0; at < len(b.recs); at += maxLogs {
		end := min(at+maxLogs, len(b.recs))
		err := s.sendLogItem(ctx, b.recs[at:end])
		switch {
		case err == nil:
			b.settled = true
		case len(b.recs) == 1 && b.refused(at, err):
		default:
			// One of a hundred is at fault, or all: whoever it is stands alone in
			// one of the Sends to come.
			b.failLogs(at, end, err)
			if b.failure != nil {
				return
			}
		}
	}
}

// failLogs gives err to the records from at on: to those of one envelope if it is
// about them, else to all that are left.
func (b *batch) failLogs(at, end int, err error) {
	out := transport.Classify(err, end-at)
	if !out.Permanent && !out.TooLarge {
		b.fail(at, err)
		return
	}
	if len(b.recs) <= maxLogs && !b.settled {
		b.failure = err // the worker divides the batch
		return
	}
	// Plain, so that they go again without the others, and are then divided.
	plain := fmt.Errorf("sentry: %d logs of a batch refused: %w", end-at, errors.New(err.Error()))
	for i := at; i < end; i++ {
		if b.answers.At(i) == nil {
			b.answers.Set(i, plain)
		}
	}
}

func (s *sender) sendLogItem(ctx context.Context, recs []encode.Record) error {
	logs := make([]sdk.Log, len(recs))
	for i := range recs {
		logs[i] = s.maker.log(&recs[i])
	}
	payload, err := json.Marshal(struct {
		Items []sdk.Log `json:"items"`
	}{logs})
	if err != nil {
		return transport.Permanent(fmt.Errorf("sentry: marshal logs: %w: %w", ErrEvent, err))
	}
	if done, err := s.limited(len(logs), len(payload), categoryLog, categoryLogByte); done {
		return err
	}
	err = s.post(ctx, categoryLog, item{kind: "log", payload: payload, count: len(logs)})
	if errors.Is(err, errDiscard) {
		s.heard(reasonRateLimit, categoryLog, len(logs))
		return nil
	}
	return err
}

// log is rec as a log.
func (m *maker) log(rec *encode.Record) sdk.Log {
	l := sdk.Log{Timestamp: when(rec), TraceID: rec.Trace.TraceID, SpanID: rec.Trace.SpanID, Body: rec.Message}
	l.Level, l.Severity = logLevel(rec.Level)
	if l.TraceID == (sdk.TraceID{}) {
		l.TraceID = processTrace(rec.Resource)
	}
	l.Attributes = map[string]attribute.Value{}
	set := func(name, value string) {
		if value != "" {
			l.Attributes[name] = attribute.StringValue(value)
		}
	}
	e := sdk.Event{Tags: map[string]string{}, Contexts: map[string]sdk.Context{}}
	m.identify(&e, rec.Resource)
	set("sentry.environment", e.Environment)
	set("sentry.release", e.Release)
	set("sentry.sdk.name", clientName)
	set("sentry.sdk.version", clientVersion)
	set("sentry.origin", "auto.log.slog")
	set("server.address", e.ServerName)
	set("service.name", rec.Resource.Service)
	set("logger.name", rec.Scope)
	set("log.record.uid", rec.ID.String())
	set("code.file.path", rec.Source.File)
	set("code.function.name", rec.Source.Function)
	if rec.Source.Line > 0 {
		l.Attributes["code.line.number"] = attribute.Int64Value(int64(rec.Source.Line))
	}
	logAttrs(l.Attributes, "", rec.Attrs)
	return l
}

// logAttrs writes attributes with the names of their groups before theirs. What
// has no type at Sentry is text.
func logAttrs(into map[string]attribute.Value, prefix string, attrs []slog.Attr) {
	for _, a := range attrs {
		name := prefix + a.Key
		if name == scopeKey {
			continue // it is about an event
		}
		if a.Value.Kind() == slog.KindGroup {
			logAttrs(into, name+".", a.Value.Group())
			continue
		}
		for n := 2; ; n++ {
			if _, taken := into[name]; !taken {
				break
			}
			name = prefix + a.Key + "_" + strconv.Itoa(n)
		}
		into[name] = logValue(a.Value)
	}
}

func logValue(v slog.Value) attribute.Value {
	switch x := plain(v, 0).(type) {
	case bool:
		return attribute.BoolValue(x)
	case int64:
		return attribute.Int64Value(x)
	case float64:
		return attribute.Float64Value(x)
	}
	if e, ok := v.Any().(*encode.Error); ok && e != nil {
		return attribute.StringValue(e.Message)
	}
	return attribute.StringValue(text(v))
}

// processTrace is the trace of what was logged in none: logs must have one, and
// those of one process belong together.
func processTrace(r *encode.Resource) sdk.TraceID {
	h := sha256.New()
	for _, part := range []string{r.Service, r.Version, r.Instance, r.Host, strconv.Itoa(r.PID)} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return sdk.TraceID(h.Sum(nil)[:16])
}
