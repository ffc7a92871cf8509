package elasticsearch_test

import (
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
)

// stored returns how many documents each index has.
func (s *server) stored() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int)
	for index, docs := range s.docs {
		counts[index] = len(docs)
	}
	return counts
}

// TestIndexOfTime: the name has the record's time, in UTC whatever zone it is in,
// and not that of the sending, so that a backlog and a retry after midnight go
// where the first attempt went.
func TestIndexOfTime(t *testing.T) {
	s := &server{knows: true}
	_, d := serve(t, s)
	d.Index = "shop-{yyyy.MM.dd}-h{HH}-{yyyy_MM}"
	recs := batch(0, 6)
	recs[1].Time = day.Add(time.Second).In(time.FixedZone("", -5*3600)) // the next day in UTC, this one there
	recs[2].Time = time.Time{}                                          // not set: taken when it was observed
	recs[3].Time = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	recs[4].Time = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	recs[5].Time = day.AddDate(0, -6, 0) // an import of old records is believed
	testkit.Deliver(t, testkit.Open(t, d), recs)
	want := map[string]int{
		"shop-2026.03.01-h23-2026_03": 4, "shop-2026.03.02-h00-2026_03": 1, "shop-2025.09.01-h23-2025_09": 1,
	}
	if got := s.stored(); !maps.Equal(got, want) {
		t.Errorf("documents by index: %v, want %v", got, want)
	}
}

// TestIndexOfAttribute: a value chooses among the names that were configured, and
// never becomes part of one.
func TestIndexOfAttribute(t *testing.T) {
	s := &server{knows: true}
	_, d := serve(t, s)
	d.Index, d.IndexAttr = "rest", "tenant.name"
	d.Indices = map[string]string{"acme": "acme-{yyyy}", "7": "seven", "": "empty", "true": "yes"}
	tenant := func(v slog.Value) slog.Attr {
		return slog.Attr{Key: "tenant", Value: slog.GroupValue(slog.Int("size", 1), slog.Attr{Key: "name", Value: v})}
	}
	attrs := []slog.Attr{
		tenant(slog.StringValue("acme")), tenant(slog.Int64Value(7)), tenant(slog.BoolValue(true)), tenant(slog.StringValue("")),
		slog.String("tenant.name", "acme"), // the same field to Elasticsearch
		// All others go to rest.
		tenant(slog.StringValue("ACME")), tenant(slog.StringValue("acme ")), tenant(slog.StringValue("rest-{yyyy}")),
		tenant(slog.StringValue("../_cluster")), tenant(slog.StringValue("x\",\"_id\":\"1")), tenant(slog.StringValue("a\n{\"delete\":{}}")),
		tenant(slog.AnyValue([]byte("acme"))), tenant(slog.GroupValue(slog.String("name", "acme"))),
		slog.String("tenant", "acme"), slog.String("name", "acme"), slog.Int("other", 1),
	}
	recs := batch(0, len(attrs))
	for i := range recs {
		recs[i].Attrs = attrs[i : i+1]
	}
	testkit.Deliver(t, testkit.Open(t, d), recs)
	want := map[string]int{"acme-2026": 2, "seven": 1, "yes": 1, "empty": 1, "rest": 11}
	if got := s.stored(); !maps.Equal(got, want) {
		t.Errorf("documents by index: %v, want %v", got, want)
	}
}

// TestFixedIndex: a name that is the same for all is in the URL, where a proxy
// or rest.action.multi.allow_explicit_index can look at it.
func TestFixedIndex(t *testing.T) {
	s := &server{knows: true}
	_, d := serve(t, s)
	d.URLs[0] += "/prefix/"
	d.Index = "logs-shop-default"
	testkit.Deliver(t, testkit.Open(t, d), batch(0, 3))
	if got := s.requests()[0].URL.Path; got != "/prefix/logs-shop-default/_bulk" {
		t.Errorf("path %s", got)
	}
	if got := s.stored(); got["prefix/logs-shop-default"] != 3 {
		t.Errorf("%v", got)
	}
}

// TestIDs: documents have the records' IDs, in the order of the batch; a record
// without one gets the server's.
func TestIDs(t *testing.T) {
	s := &server{knows: true}
	_, d := serve(t, s)
	recs := batch(0, 20)
	recs[5].ID = encode.ID{}
	testkit.Deliver(t, testkit.Open(t, d), recs)
	want := make([]string, len(recs))
	for i := range recs {
		want[i] = recs[i].ID.String()
	}
	want[5] = "made-up-1"
	if !slices.Equal(s.order, want) {
		t.Errorf("stored %q, want %q", s.order, want)
	}
}
