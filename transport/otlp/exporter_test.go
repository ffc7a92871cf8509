package otlp_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"testing"

	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"google.golang.org/protobuf/proto"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/transporttest"
)

// closing is an exporter whose connections end with it: those of otlploghttp stay
// open for a minute and a half after its Shutdown.
type closing struct {
	sdklog.Exporter
	conns *http.Transport
}

func (c closing) Shutdown(ctx context.Context) error {
	defer c.conns.CloseIdleConnections()
	return c.Exporter.Shutdown(ctx)
}

// official is OpenTelemetry's exporter of the same protocol, without its retry.
func official(t testing.TB, to string) sdklog.Exporter {
	t.Helper()
	conns := &http.Transport{}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	e, err := otlploghttp.New(context.Background(), otlploghttp.WithEndpoint(u.Host), otlploghttp.WithInsecure(), otlploghttp.WithRetry(otlploghttp.RetryConfig{}),
		otlploghttp.WithHTTPClient(&http.Client{Transport: conns}))
	if err != nil {
		t.Fatal(err)
	}
	return closing{e, conns}
}

// fresh makes an exporter for each Open: one that is shut down cannot be had back,
// and the contract's test opens its destination more than once.
type fresh struct {
	t  testing.TB
	to string
}

func (f fresh) Open() (transport.Transport, error) {
	return otlp.FromExporter(official(f.t, f.to)).Open()
}

// TestConformanceExporter runs the contract with OpenTelemetry's own exporter.
func TestConformanceExporter(t *testing.T) {
	transporttest.Run(t, transporttest.Harness{
		Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
			return fresh{t, transporttest.ServeHTTP(t, p, received(p).ServeHTTP)}
		},
		Message: func(entry string) (string, error) { return entry, nil },
		Invalid: []transport.Destination{otlp.FromExporter(nil)},
	})
}

// TestSameAsOfficial sends the same records with this package's encoder and with
// the SDK's exporter: a receiver must not see a difference. The instrumentation
// scope's dropped counts and flags are what both leave alone.
func TestSameAsOfficial(t *testing.T) {
	recs := batch(0, 3)
	recs[0].Scope, recs[0].Trace = "db", encode.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}, Flags: 1}
	recs[0].Source = slog.Source{Function: "f", File: "f.go", Line: 3}
	recs[0].Stack = []encode.Frame{{Function: "f", File: "f.go", Line: 3}}
	recs[1].Level = slog.LevelError
	recs[1].Attrs = []slog.Attr{
		slog.Group("g", slog.Any("err", &encode.Error{Type: "*e", Message: "no", Causes: []*encode.Error{{Type: "t", Message: "why"}}})),
		slog.Float64("f", 1.5), slog.Bool("b", true), slog.Any("raw", []byte{1, 2}), slog.Time("at", day), slog.Duration("d", 5),
		slog.Any("list", []slog.Value{slog.IntValue(1), slog.StringValue("a")}), slog.Any("nil", nil), slog.Any("json", encode.JSON(`{"a":[1,{"b":null}]}`)), slog.Uint64("u", 1<<63),
	}
	recs[2].Resource = &encode.Resource{Service: "other", Attrs: []slog.Attr{slog.String("k8s.pod.name", "p")}}
	ours, theirs := &server{}, &server{}
	if err := open(t, plainly(t, ours)).Send(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	to := otlp.FromExporter(official(t, plainly(t, theirs).URL))
	if err := open(t, to).Send(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	var n int
	for _, req := range theirs.requests() {
		for _, l := range records(req) {
			got := records(ours.requests()[0])[n]
			n++
			if !proto.Equal(got, l) {
				t.Errorf("record %d:\nours   %v\ntheirs %v", n-1, got, l)
			}
		}
	}
	if n != len(recs) {
		t.Errorf("%d records by the exporter", n)
	}
}

var errExport = errors.New("no export")

// failing is an exporter that fails from a call on.
type failing struct {
	calls, from int
	got         int
	shut        bool
}

func (f *failing) Export(_ context.Context, recs []sdklog.Record) error {
	f.calls++
	if f.calls > f.from {
		return errExport
	}
	f.got += len(recs)
	return nil
}

func (f *failing) Shutdown(context.Context) error   { f.shut = true; return nil }
func (f *failing) ForceFlush(context.Context) error { return nil }

// TestExporterFails: an error is plain, and what was exported before it in the
// same Send is not sent again (T32).
func TestExporterFails(t *testing.T) {
	recs := batch(0, 4)
	recs[2].Resource = &encode.Resource{Service: "other"}
	recs[3].Resource = recs[2].Resource
	f := &failing{from: 1}
	d := otlp.FromExporter(f)
	tr, err := d.Open()
	if err != nil {
		t.Fatal(err)
	}
	out := transport.Classify(tr.Send(t.Context(), recs), len(recs))
	if out.Batch == nil || out.Batch.Errs[1] != nil || !errors.Is(out.Batch.Errs[2], errExport) || !errors.Is(out.Batch.Errs[3], errExport) || f.got != 2 {
		t.Errorf("%+v, %d exported", out, f.got)
	}
	err = tr.Send(t.Context(), recs)
	if !errors.Is(err, errExport) || transport.Classify(err, 4) != (transport.Outcome{}) {
		t.Errorf("Send = %v", err)
	}
	if _, err := d.Open(); err == nil {
		t.Error("one exporter serves two routes")
	}
	if err := tr.Close(); err != nil || !f.shut {
		t.Errorf("Close: %v, shut down: %v", err, f.shut)
	}
	if err := tr.Send(t.Context(), recs); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Send after Close: %v", err)
	}
}
