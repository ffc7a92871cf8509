package lumberjack_test

import (
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

// TestConformance runs the contract with and without compression. T27: kills in
// the middle of a batch are among its cases.
func TestConformance(t *testing.T) {
	for _, how := range []lumberjack.Compression{lumberjack.Zlib, lumberjack.Uncompressed} {
		t.Run(how.String(), func(t *testing.T) {
			transporttest.Run(t, transporttest.Harness{
				Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
					addr := transporttest.ServeTCP(t, p, func(c net.Conn) {
						r := receiver{t: t, unpacked: how == lumberjack.Uncompressed, received: func(events []event) {
							entries := make([]string, len(events))
							for i, e := range events {
								entries[i] = e.json
							}
							p.Received(entries...)
						}}
						r.serve(c)
					})
					return lumberjack.Destination{Addrs: []string{addr}, Compression: how}
				},
				Message: message,
				Invalid: invalid(t),
			})
		})
	}
}

// message is the independent parser: encoding/json. What Logstash wants of a
// Beat's event has to be there as well.
func message(entry string) (string, error) {
	var fields struct {
		Message  string
		At       string                               `json:"@timestamp"`
		Metadata struct{ Beat, Version, Type string } `json:"@metadata"`
	}
	if err := json.Unmarshal([]byte(entry), &fields); err != nil {
		return "", err
	}
	if m := fields.Metadata; m.Beat != "slogship" || m.Version != "1" || m.Type != "_doc" || fields.At == "" {
		return "", errMetadata
	}
	return fields.Message, nil
}

var errMetadata = errors.New("not what Logstash wants of an event")

func invalid(t *testing.T) []transport.Destination {
	addrs := []string{"127.0.0.1:1"}
	return []transport.Destination{
		lumberjack.Destination{},
		lumberjack.Destination{Addrs: []string{"host"}},
		lumberjack.Destination{Addrs: []string{"127.0.0.1:1", ":5044"}},
		lumberjack.Destination{Addrs: addrs, Beat: `a"b`},
		lumberjack.Destination{Addrs: addrs, Beat: "Upper"},
		lumberjack.Destination{Addrs: addrs, Version: strings.Repeat("1", 65)},
		lumberjack.Destination{Addrs: addrs, Version: "a/b"},
		lumberjack.Destination{Addrs: addrs, Window: -1},
		lumberjack.Destination{Addrs: addrs, Window: lumberjack.MaxWindow + 1},
		lumberjack.Destination{Addrs: addrs, Compression: lumberjack.Uncompressed + 1},
		lumberjack.Destination{Addrs: addrs, ConnectTimeout: -1},
		lumberjack.Destination{Addrs: addrs, AnswerTimeout: -1},
		lumberjack.Destination{Addrs: addrs, Lifetime: -1},
		lumberjack.Destination{Addrs: addrs, TLS: &tlsconfig.Options{CAFile: filepath.Join(t.TempDir(), "none")}},
	}
}

// Errors about fields can be told from others.
func TestOpenErrors(t *testing.T) {
	if _, err := (lumberjack.Destination{}).Open(); !errors.Is(err, lumberjack.ErrConfig) {
		t.Errorf("want ErrConfig, got %v", err)
	}
	d := lumberjack.Destination{Addrs: []string{"h:1"}, TLS: &tlsconfig.Options{KeyFile: "k"}}
	if _, err := d.Open(); !errors.Is(err, tlsconfig.ErrPair) {
		t.Errorf("want ErrPair, got %v", err)
	}
}
