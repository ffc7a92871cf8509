package elasticsearch

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

var _ transport.Checker = (*sender)(nil)

// Check asks each node who it is, and the first that says so whether the index
// and the pipeline are there. It needs no right that writing does not, but for
// looking: what it may not look at is a warning.
func (s *sender) Check(ctx context.Context) []transport.Finding {
	parts := make([][]transport.Finding, len(s.nodes.all))
	var all sync.WaitGroup
	for i, of := range s.nodes.all {
		all.Go(func() { parts[i] = s.checkNode(ctx, of.client, i) })
	}
	all.Wait()
	found := preflight.AnyOf(parts)
	for i, part := range parts {
		if preflight.Passed(part) {
			return append(found, s.checkTargets(ctx, s.nodes.all[i].client, i)...)
		}
	}
	return append(found, preflight.Skip(preflight.Topic, s.indexNow(), "no node answers"))
}

// at is a path below the node's URL.
func (s *sender) at(i int, path ...string) *url.URL {
	u, err := httpstatus.ParseURL(s.dest.URLs[i], "https", "http")
	if err != nil {
		return nil // Open has parsed it
	}
	u.User = nil
	if u.Path == "" {
		u.Path = "/" // JoinPath would make a path that does not begin with one
	}
	if len(path) == 0 {
		return u.JoinPath("/")
	}
	return u.JoinPath(path...)
}

func (s *sender) checkNode(ctx context.Context, node *httppost.Client, i int) []transport.Finding {
	root := s.at(i)
	return preflight.Then(node.Steps(ctx), preflight.Protocol, root.String(), func() transport.Finding {
		return node.Ask(ctx, httppost.Ask{Check: preflight.Protocol, URL: root, Judge: judgeRoot})
	})
}

// judgeRoot reads what a node says of itself.
func judgeRoot(a *httppost.Answer) (transport.Finding, bool) {
	var root struct {
		Cluster string `json:"cluster_name"`
		Version struct {
			Distribution string `json:"distribution"`
			Number       string `json:"number"`
		} `json:"version"`
	}
	switch {
	case a.Status == http.StatusForbidden:
		return preflight.Warn(preflight.Protocol, a.Subject, "these credentials may not ask for the version (403)", "nothing, if the rest is well: writing needs no such right"), true
	case a.Status != http.StatusOK:
		return transport.Finding{}, false
	case json.Unmarshal(a.Body, &root) != nil || root.Version.Number == "":
		return preflight.Bad(preflight.Protocol, a.Subject, httppost.NotOurs(a), "it is neither Elasticsearch nor OpenSearch: correct the URL"), true
	}
	name := "Elasticsearch"
	if root.Version.Distribution == "opensearch" {
		name = "OpenSearch"
	}
	return preflight.Good(preflight.Protocol, a.Subject, "%s %.20s, cluster %.60q", name, root.Version.Number, root.Cluster), true
}

// indexNow is where a record without attributes goes now.
func (s *sender) indexNow() string { return string(s.chooser.index.append(nil, time.Now().UTC())) }

func (s *sender) checkTargets(ctx context.Context, node *httppost.Client, i int) []transport.Finding {
	name := s.indexNow()
	found := []transport.Finding{node.Ask(ctx, httppost.Ask{
		Check: preflight.Topic, Subject: "index " + name, Method: http.MethodHead, URL: s.at(i, name), Judge: s.judgeIndex,
	})}
	if pipeline := s.dest.Pipeline; pipeline != "" {
		found = append(found, node.Ask(ctx, httppost.Ask{
			Check: preflight.Topic, Subject: "pipeline " + pipeline, URL: s.at(i, "_ingest", "pipeline", pipeline), Judge: judgePipeline,
		}))
	}
	return found
}

func (s *sender) judgeIndex(a *httppost.Answer) (transport.Finding, bool) {
	switch a.Status {
	case http.StatusOK:
		return preflight.Good(preflight.Topic, a.Subject, "is there"), true
	case http.StatusNotFound:
		remedy := "nothing, if the cluster may make it with the first record (a data stream's template, action.auto_create_index)"
		if s.dest.RequireDataStream {
			remedy = "see that an index template with a data stream matches it: RequireDataStream refuses to make a plain index"
		}
		return preflight.Warn(preflight.Topic, a.Subject, "is not there yet", remedy), true
	case http.StatusForbidden:
		return preflight.Warn(preflight.Topic, a.Subject, "these credentials may not look at it (403)", "see that they may write to it: create_doc and auto_configure"), true
	default:
		return transport.Finding{}, false
	}
}

func judgePipeline(a *httppost.Answer) (transport.Finding, bool) {
	switch a.Status {
	case http.StatusNotFound:
		return preflight.Bad(preflight.Topic, a.Subject, httppost.NotOurs(a), "make the pipeline, or correct Pipeline: records would be refused"), true
	case http.StatusForbidden:
		return preflight.Warn(preflight.Topic, a.Subject, "these credentials may not look at it (403)", "see that it is there"), true
	case http.StatusOK:
		return preflight.Good(preflight.Topic, a.Subject, "is there"), true
	default:
		return transport.Finding{}, false
	}
}
