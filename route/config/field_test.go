package config

import (
	"reflect"
	"testing"

	"github.com/slogship/slogship/transport/tcp"
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
