package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/file"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/journald"
	"github.com/slogship/slogship/transport/loki"
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/udp"
)

func TestKeys(t *testing.T) {
	for name, want := range map[string]string{
		"MaxInFlight": "max_in_flight", "URL": "url", "URLs": "urls", "CAFile": "ca_file", "APIKeyFile": "api_key_file",
		"AllowTLS12": "allow_tls12", "VHost": "vhost", "SASL": "sasl", "ClientID": "client_id", "MsgIDFrom": "msg_id_from",
		"TLS": "tls", "DebugOnError": "debug_on_error", "To": "to", "TokenFile": "token_file", "IDs": "ids", "IDsFrom": "ids_from",
	} {
		if got := keyOf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Numbers are bytes, and so want a unit, or they are counts. These are all counts;
// a new one that is not among them needs a thought.
func TestNumbersAreSizesOrCounts(t *testing.T) {
	counts := []string{
		"burst", "drain_rate", "every", "first", "keep", "max_in_flight", "max_keys", "max_metadata_count", "max_records",
		"max_requests", "pid", "window",
	}
	seen := map[string]bool{}
	var walk func(fields []Field)
	walk = func(fields []Field) {
		for _, f := range fields {
			if f.Kind == Integer {
				seen[f.Key] = true
				if !slices.Contains(counts, f.Key) {
					t.Errorf("%s (%v) is taken for a count", f.Go, f.Type)
				}
			}
			if f.Kind == Size && slices.Contains(counts, f.Key) {
				t.Errorf("%s is taken for bytes", f.Go)
			}
			walk(f.Fields)
			if f.Elem != nil {
				walk(f.Elem.Fields)
			}
		}
	}
	for _, d := range []any{
		tcp.Destination{}, udp.Destination{}, syslog.Destination{}, https.Destination{}, file.Destination{}, relp.Destination{},
		elasticsearch.Destination{}, loki.Destination{}, lumberjack.Destination{}, journald.Destination{}, console.Destination{},
	} {
		walk(FieldsOf(reflect.TypeOf(d)))
	}
	for name := range Encoders() {
		walk(EncoderFields(name))
	}
	walk(RouteFields())
	walk(OptionFields())
	walk(BufferFields())
	for _, count := range counts {
		if !seen[count] {
			t.Errorf("there is no %s any more", count)
		}
	}
}

// No two fields of a struct have one key, and none that a file uses otherwise.
func TestKeysAreUnique(t *testing.T) {
	for _, fields := range [][]Field{
		FieldsOf(reflect.TypeFor[tcp.Destination]()), FieldsOf(reflect.TypeFor[https.Destination]()), RouteFields(), OptionFields(),
	} {
		seen := map[string]bool{"type": true, "environment": true, "routes": true, "level": true, "rename": true}
		for _, f := range fields {
			if seen[f.Key] || f.Key != strings.ToLower(f.Key) {
				t.Errorf("%s is %s", f.Go, f.Key)
			}
			seen[f.Key] = true
		}
	}
}

func TestFieldsOfADestination(t *testing.T) {
	got := map[string]Kind{}
	for _, f := range FieldsOf(reflect.TypeFor[tcp.Destination]()) {
		got[f.Key] = f.Kind
		if f.Key == "framing" && !reflect.DeepEqual(f.Values, []string{"newline", "octet_counted", "length32", "null"}) {
			t.Errorf("framing is one of %q", f.Values)
		}
		if f.Key == "tls" && (len(f.Fields) < 7 || f.Fields[0].Key != "ca_file") {
			t.Errorf("tls has %+v", f.Fields)
		}
	}
	for key, want := range map[string]Kind{
		"addr": Text, "encoder": Encoder, "framing": Name, "tls": Struct, "window_bytes": Size, "connect_timeout": Duration,
		"nagle": Bool, "send_buffer": Size, "resolver": Unreachable,
	} {
		if got[key] != want {
			t.Errorf("%s: %v, want %v", key, got[key], want)
		}
	}
}
