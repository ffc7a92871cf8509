package loki_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/loki"
)

func TestLabels(t *testing.T) {
	whole := &encode.Resource{
		Service: "checkout", Host: "a1", Environment: "test", Version: "1.2", Instance: "i1", PID: 7,
		Attrs: []slog.Attr{slog.String("k8s.namespace.name", "shop"), slog.String("k8s.pod.name", "p\"1\n")},
	}
	for _, test := range []struct {
		name     string
		resource *encode.Resource
		d        loki.Destination
		want     string
	}{
		{"default", whole, loki.Destination{}, `{deployment_environment_name="test", host_name="a1", service_name="checkout"}`},
		{"none known", &encode.Resource{}, loki.Destination{}, `{service_name="unknown_service"}`},
		{"no resource", nil, loki.Destination{}, `{service_name="unknown_service"}`},
		{"none wanted", whole, loki.Destination{ResourceLabels: []string{}}, `{service_name="checkout"}`},
		{"attributes of the resource", whole, loki.Destination{ResourceLabels: []string{"k8s.pod.name", "k8s.namespace.name", "k8s.node.name"}},
			`{k8s_namespace_name="shop", k8s_pod_name="p\"1\n"}`},
		{"static", whole, loki.Destination{Labels: map[string]string{"service_name": "mine", "cluster": "eu1"}},
			`{cluster="eu1", deployment_environment_name="test", host_name="a1", service_name="mine"}`},
		{"level", whole, loki.Destination{LevelLabel: true, ResourceLabels: []string{"service.name"}}, `{level="warn", service_name="checkout"}`},
		{"too long", &encode.Resource{Service: strings.Repeat("é", 1500) + "\xff"}, loki.Destination{}, `{service_name="` + strings.Repeat("é", 1024) + `"}`},
	} {
		s := &server{}
		to := plainly(t, s)
		to.Labels, to.ResourceLabels, to.LevelLabel = test.d.Labels, test.d.ResourceLabels, test.d.LevelLabel
		rec := record(slog.String("k8s.pod.name", "forged"))
		rec.Resource, rec.Level = test.resource, slog.LevelWarn
		e := delivered(t, to, s, rec)
		if e.labels != test.want {
			t.Errorf("%s: %s\nwant %s", test.name, e.labels, test.want)
		}
		if _, said := e.meta["level"]; said == to.LevelLabel {
			t.Errorf("%s: the level is a label or metadata, not both: %v", test.name, e.meta)
		}
	}
}

// TestRestOfTheResource: what is no label is metadata, so nothing of it is lost.
func TestRestOfTheResource(t *testing.T) {
	s := &server{}
	d := plainly(t, s)
	d.ResourceLabels, d.Labels = []string{"service.name"}, map[string]string{"host_name": "gateway"}
	rec := record()
	rec.Resource = &encode.Resource{
		Service: "checkout", Host: "a1", Environment: "test", Version: "1.2", Instance: "i1", PID: 7,
		Attrs: []slog.Attr{slog.String("k8s.pod.name", "p1")},
	}
	e := delivered(t, d, s, rec)
	want := map[string]string{
		"deployment_environment_name": "test", "service_version": "1.2", "service_instance_id": "i1", "process_pid": "7", "k8s_pod_name": "p1",
	}
	for name, value := range want {
		if e.meta[name] != value {
			t.Errorf("%s is %q, want %q", name, e.meta[name], value)
		}
	}
	if e.meta["service_name"] != "" || e.meta["host_name"] != "" {
		t.Errorf("labels are metadata as well: %v", e.meta)
	}
}

// TestStreamsByLabels: resources with the same labels make one stream, in one
// request, whether they are the same or only alike; in JSON as well.
func TestStreamsByLabels(t *testing.T) {
	for _, format := range []loki.Format{loki.Protobuf, loki.JSON} {
		s := &server{}
		d := plainly(t, s)
		d.Format = format
		recs := batch(0, 6)
		earlier := *recs[0].Resource
		earlier.Version = "1.1"
		recs[0].Resource, recs[3].Resource = &earlier, &earlier
		recs[4].Resource = &encode.Resource{Service: "other"}
		testkit.Deliver(t, testkit.Open(t, d), recs)
		if n := len(s.requests()); n != 2 {
			t.Errorf("%v: %d requests, want one for each of 2 streams", format, n)
		}
		if all := s.all(); len(all) != 6 || all[5].line != "record 4" || all[0].meta["service_version"] != "1.1" || all[1].meta["service_version"] != "1.2" {
			t.Errorf("%v: %+v", format, all)
		}
	}
}
