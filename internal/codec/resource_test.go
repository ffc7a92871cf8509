package codec

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

func TestResourceRoundTrip(t *testing.T) {
	for _, want := range []*encode.Resource{
		{},
		{Service: "pay", Version: "1.2", Environment: "prod", Instance: "pod-1", Host: "h", PID: 4242,
			Attrs: []slog.Attr{slog.String("region", "eu"), slog.Group("k8s", slog.String("pod", "p"))}},
		{PID: -1},
	} {
		data := AppendResource(nil, want)
		got, err := ParseResource(data)
		if err != nil {
			t.Fatal(err)
		}
		for i := range data {
			data[i] = 'x' // the resource must not care
		}
		if dump(got.Attrs) != dump(want.Attrs) {
			t.Errorf("attributes %s, want %s", dump(got.Attrs), dump(want.Attrs))
		}
		g, w := *got, *want
		g.Attrs, w.Attrs = nil, nil
		if !reflect.DeepEqual(g, w) {
			t.Errorf("got %+v, want %+v", g, w)
		}
	}
}

func TestS9_ResourceIsBounded(t *testing.T) { // S9
	r := &encode.Resource{Service: strings.Repeat("s", 5000)}
	for i := range 100 {
		r.Attrs = append(r.Attrs, slog.String(fmt.Sprint("k", i), strings.Repeat("v", 1000)))
	}
	r.Attrs = append(r.Attrs, slog.String("huge", strings.Repeat("v", 2*Limit)), slog.Int("last", 1))
	data := AppendResource(nil, r)
	got, err := ParseResource(data)
	if err != nil || len(data) > ResourceLimit {
		t.Fatalf("%d bytes, error %v", len(data), err)
	}
	kept := int64(len(got.Attrs) - 1)
	if n := truncated(got.Attrs); n != int64(len(r.Attrs))-kept+1 || got.Attrs[kept-1].Key != "last" {
		t.Errorf("%d attributes kept, %d counted as cut", kept, n)
	}
	if !strings.HasSuffix(got.Service, cutMark) || len(got.Service) > maxName {
		t.Errorf("service of %d bytes", len(got.Service))
	}
}

func TestParseResourceErrors(t *testing.T) {
	whole := AppendResource(nil, &encode.Resource{Service: "s", Attrs: []slog.Attr{slog.Int("a", 1)}})
	for data, want := range map[string]error{
		"": ErrCorrupt, "\x00": ErrCorrupt, "\x01": ErrCorrupt, "\x02": ErrVersion,
		string(whole[:len(whole)-1]): ErrCorrupt, string(whole) + "\x63": ErrCorrupt,
	} {
		if r, err := ParseResource([]byte(data)); !errors.Is(err, want) || r != nil {
			t.Errorf("%q: %v, %v, want %v", data, r, err, want)
		}
	}
}
