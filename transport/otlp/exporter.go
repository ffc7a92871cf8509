package otlp

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// ErrNoExporter is wrapped by Open's error for FromExporter(nil).
var ErrNoExporter = errors.New("an exporter is needed")

// closeTimeout is how long Close waits for an exporter's Shutdown.
const closeTimeout = 2 * time.Second

// FromExporter makes a Destination of any log exporter of OpenTelemetry's SDK, for
// protocols that slogship does not speak. [Destination] is the better way to an
// OTLP receiver, for an Exporter's interface hides what a buffer wants to know:
//
//   - Export retries by itself, for a minute by default in otlploghttp, while Send
//     waits. Switch that off in the exporter's options: the worker's retry knows
//     no end.
//   - Its error is the same for a server that is down and for a record that will
//     always be refused. So every error is plain, and a record that is refused
//     holds up its route until the route's MaxAge gives it up.
//   - A partial success is reported to OpenTelemetry's global error handler, and
//     Export returns nil: what was rejected counts as delivered.
//   - Retry-After is the exporter's own; MaxInFlight is 1.
//   - It must honour the ctx of Export, as the interface demands: Send is as long.
//
// Records are those of [Destination], with two differences that the SDK makes: an
// attribute's name that is there twice appears twice, and values nested deeper
// than 24 are cut. The exporter is shut down by Close, so it serves one route, and
// Open works once.
func FromExporter(exporter sdklog.Exporter) transport.Destination {
	return exported{exporter, new(atomic.Bool)}
}

// exported is FromExporter's Destination.
type exported struct {
	exporter sdklog.Exporter
	opened   *atomic.Bool
}

var errTwice = errors.New("an exporter serves one route: it is shut down with it")

// Open takes the exporter. It does not connect.
func (e exported) Open() (transport.Transport, error) {
	if e.exporter == nil {
		return nil, fmt.Errorf("otlp: FromExporter: %w", ErrNoExporter)
	}
	if e.opened.Swap(true) {
		return nil, fmt.Errorf("otlp: FromExporter: %w", errTwice)
	}
	return &exporting{exporter: e.exporter}, nil
}

// exporting is the transport. Its Sends come one at a time.
type exporting struct {
	exporter sdklog.Exporter
	closed   atomic.Bool

	provider *sdklog.LoggerProvider // of resource; used by Send alone
	batch    collector              // used by Send alone
	resource *encode.Resource       // a clone; used by Send alone
}

// Describe: nil is the exporter's word that it has delivered.
func (t *exporting) Describe() transport.Description {
	return transport.Description{Acknowledged: true}
}

// ImportPaths names the SDK, as the sender's does.
func (t *exporting) ImportPaths() []string { return []string{"go.opentelemetry.io/otel"} }

// Send exports recs, in one call for as long as they have the same resource.
func (t *exporting) Send(ctx context.Context, recs []encode.Record) error {
	if t.closed.Load() {
		return transport.ErrClosed
	}
	answers := transport.AnswersFor(len(recs))
	for from := 0; from < len(recs); {
		to := from + 1
		for to < len(recs) && recs[to].Resource == recs[from].Resource {
			to++
		}
		if err := t.export(ctx, recs[from:to]); err != nil {
			if from == 0 {
				return err
			}
			for i := from; i < len(recs); i++ {
				answers.Set(i, err)
			}
			break
		}
		from = to
	}
	return answers.Err()
}

// export sends records of one resource.
func (t *exporting) export(ctx context.Context, recs []encode.Record) error {
	t.become(recs[0].Resource)
	t.batch.records = t.batch.records[:0]
	for i := range recs {
		rec := recs[i].Clone() // an exporter may keep what it gets, and recs is the worker's
		t.emit(&rec)
	}
	if err := t.exporter.Export(ctx, t.batch.records); err != nil {
		return fmt.Errorf("otlp: export: %w", err)
	}
	return nil
}

// become makes a provider for a resource, unless it is the one that there is:
// with the SDK, who logs is the provider's matter.
func (t *exporting) become(r *encode.Resource) {
	if t.provider != nil && sameResource(t.resource, r) {
		return
	}
	t.resource = r.Clone()
	t.provider = sdklog.NewLoggerProvider(
		sdklog.WithProcessor(&t.batch), sdklog.WithResource(resource.NewSchemaless(resourceAttributes(t.resource)...)),
		sdklog.WithAttributeCountLimit(-1), sdklog.WithAttributeValueLengthLimit(-1), sdklog.WithAllowKeyDuplication(),
	)
}

// emit has the provider make one record: the SDK's type has no other maker that is
// public and sets resource and scope. The trace goes by way of the ctx, from which
// a Logger takes it.
func (t *exporting) emit(rec *encode.Record) {
	ctx := context.Background()
	if !rec.Trace.IsZero() {
		ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: rec.Trace.TraceID, SpanID: rec.Trace.SpanID, TraceFlags: trace.TraceFlags(rec.Trace.Flags),
		}))
	}
	t.provider.Logger(valid(rec.Scope)).Emit(ctx, sdkRecord(rec))
}

// Close shuts the exporter down, within 2 s.
func (t *exporting) Close() error {
	t.closed.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := t.exporter.Shutdown(ctx); err != nil {
		return fmt.Errorf("otlp: shut down: %w", err)
	}
	return nil
}

// collector is a Processor that keeps what a provider makes of records. It is
// used by one Send at a time.
type collector struct{ records []sdklog.Record }

func (c *collector) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }

func (c *collector) OnEmit(_ context.Context, r *sdklog.Record) error {
	c.records = append(c.records, r.Clone())
	return nil
}

func (c *collector) Shutdown(context.Context) error   { return nil }
func (c *collector) ForceFlush(context.Context) error { return nil }
