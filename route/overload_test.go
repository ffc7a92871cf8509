package route_test

import (
	"errors"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// What the policies allow, and what they don't.
func TestValidateOverload(t *testing.T) {
	var forgotten *slog.LevelVar
	to := memory.New()
	for name, r := range map[string]route.Route{
		"nothing":           {},
		"keep alone":        {Sample: route.Sample{Keep: slog.LevelWarn}},
		"share":             {Sample: route.Sample{Share: 0.1, ByTrace: true}},
		"counts":            {Sample: route.Sample{First: 10, Every: 100, Interval: time.Millisecond}},
		"limit":             {Limit: route.Limit{PerSecond: 0.01, Burst: 10_000}},
		"limit by key":      {Limit: route.Limit{PerSecond: 1e6, Key: "tenant", MaxKeys: 1}},
		"dedupe":            {Dedupe: route.Dedupe{Window: time.Second, MaxKeys: 7}},
		"debug on error":    {DebugOnError: route.DebugOnError{From: slog.LevelDebug}},
		"debug, all fields": {DebugOnError: route.DebugOnError{From: new(slog.LevelVar), Trigger: slog.LevelWarn, MaxRecords: 1, MaxBytes: 1024, MaxRequests: 1}},
	} {
		r.Name, r.To = "a", to
		if err := route.Validate([]route.Route{r}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, r := range map[string]route.Route{
		"share below 0":          {Sample: route.Sample{Share: -0.1}},
		"share above 1":          {Sample: route.Sample{Share: 1.1}},
		"share not a number":     {Sample: route.Sample{Share: math.NaN()}},
		"share and counts":       {Sample: route.Sample{Share: 0.1, First: 1}},
		"trace without share":    {Sample: route.Sample{ByTrace: true}},
		"trace with counts":      {Sample: route.Sample{ByTrace: true, Every: 10}},
		"negative first":         {Sample: route.Sample{First: -1}},
		"large every":            {Sample: route.Sample{Every: 1e6 + 1}},
		"short interval":         {Sample: route.Sample{First: 1, Interval: 1}},
		"interval without use":   {Sample: route.Sample{Share: 0.5, Interval: time.Second}},
		"keep nil":               {Sample: route.Sample{Keep: forgotten}},
		"slow limit":             {Limit: route.Limit{PerSecond: 1e-9}},
		"fast limit":             {Limit: route.Limit{PerSecond: 1e7}},
		"infinite limit":         {Limit: route.Limit{PerSecond: math.Inf(1)}},
		"limit not a number":     {Limit: route.Limit{PerSecond: math.NaN()}},
		"burst alone":            {Limit: route.Limit{Burst: 1}},
		"burst of a month":       {Limit: route.Limit{PerSecond: 0.001, Burst: 5000}},
		"key alone":              {Limit: route.Limit{Key: "a"}},
		"keys without key":       {Limit: route.Limit{PerSecond: 1, MaxKeys: 1}},
		"too many keys":          {Limit: route.Limit{PerSecond: 1, Key: "a", MaxKeys: 1 << 21}},
		"short window":           {Dedupe: route.Dedupe{Window: 1}},
		"long window":            {Dedupe: route.Dedupe{Window: 2 * time.Hour}},
		"keys without window":    {Dedupe: route.Dedupe{MaxKeys: 1}},
		"too many repeats":       {Dedupe: route.Dedupe{Window: time.Second, MaxKeys: 1 << 17}},
		"from nil":               {DebugOnError: route.DebugOnError{From: forgotten}},
		"trigger without from":   {DebugOnError: route.DebugOnError{Trigger: slog.LevelError}},
		"trigger nil":            {DebugOnError: route.DebugOnError{From: slog.LevelDebug, Trigger: forgotten}},
		"records without from":   {DebugOnError: route.DebugOnError{MaxRecords: 1}},
		"few bytes":              {DebugOnError: route.DebugOnError{From: slog.LevelDebug, MaxBytes: 1}},
		"many requests":          {DebugOnError: route.DebugOnError{From: slog.LevelDebug, MaxRequests: 1 << 20}},
		"negative max requests":  {DebugOnError: route.DebugOnError{From: slog.LevelDebug, MaxRequests: -1}},
		"negative records a req": {DebugOnError: route.DebugOnError{From: slog.LevelDebug, MaxRecords: -1}},
	} {
		r.Name, r.To = "a", to
		if err := route.Validate([]route.Route{r}); !errors.Is(err, route.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The defaults are those that the documentation states.
func TestOverloadDefaults(t *testing.T) {
	if got, want := (route.Sample{Every: 5}).WithDefaults(), (route.Sample{First: 1, Every: 5, Interval: time.Second, Keep: slog.LevelError}); got != want {
		t.Errorf("%+v", got)
	}
	if got, want := (route.Limit{PerSecond: 2.5}).WithDefaults(), (route.Limit{PerSecond: 2.5, Burst: 3, MaxKeys: 1024}); got != want {
		t.Errorf("%+v", got)
	}
	if got, want := (route.Limit{PerSecond: 0.1}).WithDefaults().Burst, 1; got != want {
		t.Errorf("burst %d", got)
	}
	if got := (route.Dedupe{}).WithDefaults(); got != (route.Dedupe{MaxKeys: 1024}) {
		t.Errorf("%+v", got)
	}
	want := route.DebugOnError{Trigger: slog.LevelError, MaxRecords: 256, MaxBytes: 64 << 10, MaxRequests: 512}
	if got := (route.DebugOnError{}).WithDefaults(); got != want {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct {
		s    route.Sample
		want bool
	}{
		{route.Sample{}, false}, {route.Sample{Keep: slog.LevelWarn}, false}, {route.Sample{Share: 1}, false},
		{route.Sample{Share: 0.5}, true}, {route.Sample{First: 1}, true}, {route.Sample{Every: 1}, true},
	} {
		if got := c.s.Samples(); got != c.want {
			t.Errorf("%+v: %v", c.s, got)
		}
	}
}
