package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/slogship/slogship/transport"
	slogamqp "github.com/slogship/slogship/transport/amqp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// rabbitQueue is the queue of the rows and of most scenes.
const rabbitQueue = "interop"

// rabbitDestinations are a queue through an exchange, and one by its name over TLS
// with the client's certificate as its login.
//
// The queues are classic. A quorum queue of one node does not outlive SIGKILL with
// RabbitMQ 3.10.8: its registry (names.dets, meta.dets) is not synced, and after
// "not properly closed, repairing" the queue never answers again, whoever asks.
func rabbitDestinations(env *environment) []destination {
	return []destination{
		{
			name: "amqp", setup: rabbitmq(env.pki, parsePayload), kills: true, pause: pause, check: checkProperties,
			to: func(at place) transport.Destination { return rabbitAt(at) },
			scenes: []scene{
				{"memory alarm", rabbitAlarm},
				{"queue deleted", rabbitDeleted},
				{"refused records", rabbitRefused},
				{"wrong credentials", rabbitStranger(env.pki)},
				{"backlog of version 1", rabbitVersions},
			},
		},
		{
			name: "amqps", setup: rabbitmq(env.pki, parsePayload), kills: true, pause: pause, check: checkProperties,
			to: func(at place) transport.Destination {
				// Without the user nothing is delivered, and the row says so.
				_ = rabbitUser(context.Background(), at, "interop", "")
				return rabbitSecureAt(at, env.pki)
			},
			scenes: []scene{{"certificates rotated", rabbitRotated(env.pki)}},
		},
	}
}

// rabbitAt declares an exchange, a classic queue and what leads from one to the
// other.
func rabbitAt(at place) slogamqp.Destination {
	return slogamqp.Destination{
		Addrs: []string{at.addrs[rabbitAMQP]}, Exchange: "logs", RoutingKey: "interop.all", Headers: []string{"producer", "seq"},
		Declare: &slogamqp.Topology{
			Exchanges: []slogamqp.Exchange{{Name: "logs"}},
			Queues:    []slogamqp.Queue{{Name: rabbitQueue, Kind: "classic"}},
			Bindings:  []slogamqp.Binding{{Exchange: "logs", Queue: rabbitQueue, Key: "interop.#"}},
		},
	}
}

// rabbitSecureAt sends into a queue by its name.
func rabbitSecureAt(at place, good *pki) slogamqp.Destination {
	return slogamqp.Destination{
		Addrs: []string{at.addrs[rabbitTLS]}, RoutingKey: rabbitQueue, Headers: []string{"producer", "seq"},
		External: true, TLS: &tlsconfig.Options{CAFile: good.ca, CertFile: good.client.cert, KeyFile: good.client.key},
		Declare: &slogamqp.Topology{Queues: []slogamqp.Queue{{Name: rabbitQueue, Kind: "classic"}}},
	}
}

// rabbitUser makes a user that may do everything in the virtual host "/".
func rabbitUser(ctx context.Context, at place, name, password string) error {
	user := map[string]any{"tags": "", "password": password}
	if password == "" {
		user = map[string]any{"tags": "", "password_hash": ""} // logs in by certificate alone
	}
	return errors.Join(
		rabbitAsk(ctx, at, http.MethodPut, "/api/users/"+name, user, nil),
		rabbitAsk(ctx, at, http.MethodPut, "/api/permissions/%2F/"+name, map[string]any{"configure": ".*", "write": ".*", "read": ".*"}, nil),
	)
}

// rabbitCtl runs rabbitmqctl on the node, whose cookie is in its home.
func rabbitCtl(ctx context.Context, at place, args ...string) error {
	scripts, err := rabbitScripts()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(scripts, "rabbitmqctl"), append([]string{"-n", "interop@localhost"}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+at.data, "ERL_EPMD_PORT="+port(at.addrs[rabbitEPMD]), "ERL_EPMD_ADDRESS=127.0.0.1", "RABBITMQ_CONF_ENV_FILE=/dev/null")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("rabbitmqctl %s: %w: %.500s", args[0], err, said)
	}
	return nil
}

// checkProperties compares the message's properties with the record in it.
func checkProperties(e *entry) error {
	properties, _ := e.Fields["properties"].(map[string]any)
	headers, _ := properties["headers"].(map[string]any)
	got := maps.Clone(properties)
	delete(got, "headers")
	delete(got, "timestamp")
	at, _ := properties["timestamp"].(float64)
	want := map[string]any{
		"message_id": e.ID, "type": "log", "app_id": "interop", "content_type": "application/json", "delivery_mode": 2.0,
	}
	wantHeaders := map[string]any{"level": "INFO", "producer": float64(*e.Producer), "seq": float64(*e.Seq)}
	if !maps.Equal(got, want) || !maps.Equal(headers, wantHeaders) || at < 1.7e9 {
		return fmt.Errorf("properties %v: %w: want %v and headers %v", properties, errScene, want, wantHeaders)
	}
	return nil
}
