package all_test

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/all"
	"github.com/slogship/slogship/transport/all/internal/leaves"
	"github.com/slogship/slogship/transport/tcp"
)

// Every field of every destination that can be set from a file is set by it, in
// the long form and, where there is room for it, by a URL's parameter.
func TestEveryField(t *testing.T) {
	forms, schemes, count := formsOf(), all.Schemes(), 0
	for _, name := range slices.Sorted(maps.Keys(schemes)) {
		for _, l := range leaves.Of(schemes[name].Fields()) {
			d := mustOutput(t, "{type: "+name+", "+l.Long()+"}")
			got := l.In(reflect.ValueOf(d))
			if got.IsZero() {
				t.Errorf("%s: %s is not set", name, l.Long())
			}
			count++
			if l.Param == "" || !schemes[name].HasURL() {
				continue
			}
			short, _, _ := strings.Cut(forms[name][0].url, "?")
			short += "?" + strings.Join(l.Keys, ".") + "=" + url.QueryEscape(l.Param)
			if by := l.In(reflect.ValueOf(mustOutput(t, "'"+short+"'"))); !reflect.DeepEqual(by.Interface(), got.Interface()) {
				t.Errorf("%s: %v, in the long form %v", short, by, got)
			}
		}
	}
	if count < 500 {
		t.Errorf("%d fields: the test has lost its subject", count)
	}
}

// The same for the formats.
func TestEveryFieldOfEncoders(t *testing.T) {
	for name := range config.Encoders() {
		for _, l := range leaves.Of(config.EncoderFields(name)) {
			if l.Keys[0] == "sdid" {
				l.Value = "x1@32473" // RFC 5424 §7
			}
			d := mustOutput(t, "{type: tcp, encoder: {type: "+name+", "+l.Long()+"}}").(tcp.Destination)
			if l.In(reflect.ValueOf(d.Encoder)).IsZero() {
				t.Errorf("%s: %s is not set", name, l.Long())
			}
		}
	}
}
