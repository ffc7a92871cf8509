package elasticsearch_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/elasticsearch"
)

// asked returns the queries of the requests so far.
func (s *server) asked() (queries []url.Values) {
	for _, r := range s.requests() {
		queries = append(queries, r.URL.Query())
	}
	return queries
}

const source = "include_source_on_error"

// TestSourceOnError: a server that knows the parameter is asked each time, one
// that does not says so once, and no record suffers for it.
func TestSourceOnError(t *testing.T) {
	for _, c := range []struct {
		knows bool
		how   elasticsearch.SourceOnError
		with  []bool // for each request, whether the parameter was there
	}{
		{true, elasticsearch.SourceAuto, []bool{true, true}},
		{false, elasticsearch.SourceAuto, []bool{true, false, false}},
		{true, elasticsearch.SourceHidden, []bool{true, true}},
		{false, elasticsearch.SourceUnset, []bool{false, false}},
	} {
		s := &server{knows: c.knows}
		_, d := serve(t, s)
		d.SourceOnError = c.how
		tr := testkit.Open(t, d)
		testkit.Deliver(t, tr, batch(0, 40)) // compressed
		testkit.Deliver(t, tr, batch(40, 1)) // not compressed
		asked := s.asked()
		if len(asked) != len(c.with) || s.count(elasticsearch.DefaultIndex) != 41 {
			t.Fatalf("%v, known %v: %d requests, %d documents", c.how, c.knows, len(asked), s.count(elasticsearch.DefaultIndex))
		}
		for i, with := range c.with {
			if got := asked[i].Get(source) == "false"; got != with || asked[i].Has(source) != with {
				t.Errorf("%v, known %v: request %d has %v", c.how, c.knows, i, asked[i])
			}
		}
	}
}

// TestUnknownParameter: an option that the server does not know condemns no
// record; it is the configuration that is wrong.
func TestUnknownParameter(t *testing.T) {
	for _, known := range []bool{true, false} {
		s := &server{knows: known}
		_, d := serve(t, s)
		d.SourceOnError = elasticsearch.SourceHidden
		err := testkit.Open(t, d).Send(t.Context(), batch(0, 3))
		if (err == nil) != known || transport.Classify(err, 3) != (transport.Outcome{}) {
			t.Errorf("known %v: %v", known, err)
		}
		if n := len(s.requests()); n != 1 {
			t.Errorf("%d requests for one Send", n)
		}
	}
}

// TestQuery: what the options ask for is in each request, and the answers are
// kept small.
func TestQuery(t *testing.T) {
	s := &server{knows: true}
	_, d := serve(t, s)
	d.Pipeline, d.RequireDataStream = "geo & co", true
	testkit.Deliver(t, testkit.Open(t, d), batch(0, 1))
	q := s.asked()[0]
	if q.Get("pipeline") != "geo & co" || q.Get("require_data_stream") != "true" || q.Get("timeout") == "" {
		t.Errorf("query %v", q)
	}
	for _, field := range []string{"items.create.status", "items.create.error.type", "items.create.error.reason", "error.type", "error.reason"} {
		if !strings.Contains(","+q.Get("filter_path")+",", ","+field+",") {
			t.Errorf("filter_path %q lacks %s", q.Get("filter_path"), field)
		}
	}
	d.Pipeline, d.RequireDataStream = "", false
	testkit.Deliver(t, testkit.Open(t, d), batch(1, 1))
	if q := s.asked()[1]; q.Has("pipeline") || q.Has("require_data_stream") {
		t.Errorf("query %v", q)
	}
}
