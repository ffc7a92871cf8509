package sentry_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/getsentry/sentry-go"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/sentry"
)

// shipped runs log with a logger whose errors go to a server, and returns what
// arrived.
func shipped(t *testing.T, adjust func(*sentry.Destination), log func(*slog.Logger)) []event {
	t.Helper()
	s, d := newServer(t, nil)
	if adjust != nil {
		adjust(&d)
	}
	r := d.Route("errors")
	r.Buffer.StallTimeout = time.Minute
	h, err := handler.New([]route.Route{r}, &handler.Options{
		InMemory: true, AddSource: true, Context: []func(context.Context) []slog.Attr{sentry.Context},
		Resource: encode.Resource{Service: "shop", Version: "1.2"},
		OnError:  func(err error) { t.Errorf("OnError: %v", err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	log(slog.New(sentry.NewHandler(h, nil)))
	if err := h.Close(t.Context()); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return s.events()
}

// TestTrail: what was logged in the same ctx, of whatever level, is with the
// error, the oldest first and no more than fit.
func TestTrail(t *testing.T) {
	ctx := sentry.WithTrail(t.Context(), 3)
	events := shipped(t, nil, func(log *slog.Logger) {
		other := sentry.WithTrail(t.Context(), 3)
		log.DebugContext(other, "of another request")
		log.DebugContext(ctx, "first, pushed out")
		log.DebugContext(ctx, "second", "n", 2)
		log.With("bound", "b").WithGroup("g").InfoContext(ctx, "third", "in", "group", slog.Group("", slog.Int("inline", 1)))
		log.WarnContext(ctx, "fourth", "lazy", value(func() slog.Value { panic("LogValue") }))
		log.WithGroup("deep").ErrorContext(ctx, "now", "own", 1)
		log.ErrorContext(ctx, "again")
		log.Error("in no trail")
	})
	if len(events) != 3 {
		t.Fatalf("%d events", len(events))
	}
	crumbs := events[0].Breadcrumbs
	if len(crumbs) != 3 || crumbs[0].Message != "second" || crumbs[0].Level != "debug" || crumbs[0].Data["n"] != 2.0 ||
		crumbs[1].Data["bound"] != "b" || crumbs[1].Data["g.in"] != "group" || crumbs[1].Data["g.inline"] != 1.0 || crumbs[2].Message != "fourth" {
		t.Errorf("breadcrumbs %+v", crumbs)
	}
	if again := events[1].Breadcrumbs; len(again) != 3 || again[2].Message != "now" || again[2].Data["deep.own"] != 1.0 {
		t.Errorf("breadcrumbs of the second error %+v", again)
	}
	if len(events[2].Breadcrumbs) != 0 || events[0].Contexts["attributes"]["sentry.scope"] != nil {
		t.Errorf("%+v", events[2])
	}
}

type value func() slog.Value

func (v value) LogValue() slog.Value { return v() }

// TestTrailIsBounded: a thousand long lines do not make a record of megabytes.
func TestTrailIsBounded(t *testing.T) {
	ctx := sentry.WithTrail(t.Context(), 1<<30)
	events := shipped(t, nil, func(log *slog.Logger) {
		for i := range 2000 {
			log.DebugContext(ctx, fmt.Sprint(i), "long", strings.Repeat("x", 10_000))
		}
		log.ErrorContext(ctx, "now")
	})
	if crumbs := events[0].Breadcrumbs; len(crumbs) == 0 || len(crumbs) > 1000 || crumbs[len(crumbs)-1].Message != "1999" {
		t.Errorf("%d breadcrumbs", len(crumbs))
	}
}

// TestTrailOfManyGoroutines is for the race detector.
func TestTrailOfManyGoroutines(t *testing.T) {
	ctx := sentry.WithTrail(t.Context(), 0)
	events := shipped(t, nil, func(log *slog.Logger) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 50 {
					log.DebugContext(ctx, "step")
				}
				log.ErrorContext(ctx, "end")
			})
		}
		all.Wait()
	})
	if len(events) != 4 || len(events[3].Breadcrumbs) != sentry.DefaultTrail {
		t.Errorf("%d events", len(events))
	}
}

// TestHubScope: what the scope says in the moment of the call, not later, and not
// over the record's own word.
func TestHubScope(t *testing.T) {
	hub := sdk.NewHub(nil, sdk.NewScope())
	ctx := sdk.SetHubOnContext(sentry.WithTrail(t.Context(), 0), hub)
	scope := hub.Scope()
	scope.SetTag("team", "payments")
	scope.SetTag("tenant", "of the scope")
	scope.SetUser(sdk.User{ID: "u7"})
	scope.SetContext("cart", sdk.Context{"items": 3})
	scope.SetFingerprint([]string{"mine"})
	scope.SetRequest(request("/orders/17"))
	scope.AddBreadcrumb(&sdk.Breadcrumb{Message: "of the hub"}, 10)
	events := shipped(t, func(d *sentry.Destination) { d.Tags = []string{"tenant"} }, func(log *slog.Logger) {
		log.InfoContext(ctx, "of the trail")
		log.ErrorContext(ctx, "now", "tenant", "eu")
		scope.SetTag("team", "later")
	})
	e := events[0]
	if e.Tags["team"] != "payments" || e.Tags["tenant"] != "eu" || e.User["id"] != "u7" || e.Contexts["cart"]["items"] != 3.0 ||
		e.Request == nil || e.Request.URL != "http://shop.example/orders/17" || strings.Contains(fmt.Sprint(e.Request), "s3cret") ||
		len(e.Breadcrumbs) != 2 || e.Breadcrumbs[0].Message != "of the hub" || len(e.Fingerprint) != 1 || e.Fingerprint[0] != "mine" {
		t.Errorf("%+v", e)
	}
}

// TestScopeThatPanics: the record is sent without it.
func TestScopeThatPanics(t *testing.T) {
	hub := sdk.NewHub(nil, sdk.NewScope())
	hub.Scope().AddEventProcessor(func(*sdk.Event, *sdk.EventHint) *sdk.Event { panic(errors.New("processor")) })
	events := shipped(t, nil, func(log *slog.Logger) {
		log.ErrorContext(sdk.SetHubOnContext(t.Context(), hub), "now")
	})
	if len(events) != 1 || events[0].Message != "now" {
		t.Errorf("%+v", events)
	}
}

// TestLevelsOfTrail: a level that no route takes is enabled in a trail only.
func TestLevelsOfTrail(t *testing.T) {
	h := sentry.NewHandler(slog.NewTextHandler(t.Output(), nil), &sentry.Tracker{From: slog.LevelDebug})
	in := sentry.WithTrail(t.Context(), 0)
	if h.Enabled(t.Context(), slog.LevelDebug) || !h.Enabled(in, slog.LevelDebug) || h.Enabled(in, slog.Level(-8)) || !h.Enabled(t.Context(), slog.LevelInfo) {
		t.Error("Enabled")
	}
}

// TestTrace: the span's own IDs, and nothing without a span.
func TestTrace(t *testing.T) {
	span := sdk.StartSpan(t.Context(), "op")
	span.Sampled = sdk.SampledTrue
	got := sentry.Trace(span.Context())
	if got.TraceID != [16]byte(span.TraceID) || got.SpanID != [8]byte(span.SpanID) || got.IsZero() || !got.Sampled() {
		t.Errorf("%+v, want %v %v", got, span.TraceID, span.SpanID)
	}
	if got := sentry.Trace(t.Context()); !got.IsZero() {
		t.Errorf("%+v of no span", got)
	}
}

// TestContextAlone: without NewHandler, what a hub says is with each record, and
// breadcrumbs are not; without a hub there is nothing.
func TestContextAlone(t *testing.T) {
	hub := sdk.NewHub(nil, sdk.NewScope())
	hub.Scope().SetTag("team", "payments")
	hub.Scope().AddBreadcrumb(&sdk.Breadcrumb{Message: "of the hub"}, 10)
	attrs := sentry.Context(sdk.SetHubOnContext(t.Context(), hub))
	if len(attrs) != 1 || attrs[0].Key != "sentry.scope" || !strings.Contains(fmt.Sprintf("%s", attrs[0].Value.Any()), "payments") ||
		strings.Contains(fmt.Sprintf("%s", attrs[0].Value.Any()), "of the hub") {
		t.Errorf("%v", attrs)
	}
	if attrs := sentry.Context(t.Context()); attrs != nil {
		t.Errorf("%v of no hub", attrs)
	}
}

// TestLargeScope: what does not fit into a record is left out, the tags last.
func TestLargeScope(t *testing.T) {
	hub := sdk.NewHub(nil, sdk.NewScope())
	hub.Scope().SetTag("team", "payments")
	hub.Scope().SetContext("large", sdk.Context{"x": strings.Repeat("x", 1<<20)})
	events := shipped(t, nil, func(log *slog.Logger) {
		log.ErrorContext(sdk.SetHubOnContext(t.Context(), hub), "now")
	})
	if len(events) != 1 || events[0].Tags["team"] != "payments" || events[0].Contexts["large"] != nil {
		t.Errorf("%+v", events)
	}
}
