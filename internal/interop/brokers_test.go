//go:build interop

package main

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// A message that was routed to a durable queue and is persistent outlives the
// node.
func TestRabbitMQ(t *testing.T) {
	pki, err := newPKI(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	got := cycle(t, rabbitmq(pki, parsePayload), func(at place, seq int) {
		ask := func(method, path string, question, answer any) {
			t.Helper()
			if err := rabbitAsk(t.Context(), at, method, path, question, answer); err != nil {
				t.Fatal(err)
			}
		}
		if at := (place{addrs: at.addrs[rabbitTLS:]}); !answersTCP(at) {
			t.Error("no TLS listener")
		}
		ask(http.MethodPut, "/api/queues/%2F/logs", map[string]any{"durable": true}, nil)
		var answer struct{ Routed bool }
		ask(http.MethodPost, "/api/exchanges/%2F/amq.default/publish", map[string]any{
			"properties":  map[string]any{"delivery_mode": 2, "message_id": "m"},
			"routing_key": "logs", "payload": string(good(0, seq)), "payload_encoding": "string",
		}, &answer)
		if !answer.Routed {
			t.Error("not routed")
		}
	})
	keepsBoth(t, got)
	if p, _ := got[0].Fields["properties"].(map[string]any); p["message_id"] != "m" {
		t.Errorf("properties are %v", p)
	}
}

func TestKafka(t *testing.T) {
	got := cycle(t, kafka(parseValue), func(at place, seq int) {
		classes, err := kafkaClasses(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		send := exec.Command("java", "-XX:TieredStopAtLevel=1", "-cp", classes, "org.apache.kafka.tools.ConsoleProducer",
			"--bootstrap-server", at.addr(), "--topic", "logs", "--property", "parse.headers=true", "--property", "parse.key=true")
		send.Stdin = strings.NewReader("level:INFO,a:b\tkey\t" + string(good(0, seq)) + "\n")
		if said, err := send.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
	})
	keepsBoth(t, got)
	if h, _ := got[0].Fields["headers"].(map[string]any); h["a"] != "b" || got[0].Fields["key"] != "key" {
		t.Errorf("the message is %v", got[0].Fields)
	}
}
