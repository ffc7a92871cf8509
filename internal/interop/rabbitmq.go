package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Addresses of a rabbitmq, in place.addrs.
const (
	rabbitAMQP       = iota // plain; the user is guest, as the password
	rabbitManagement        // the HTTP API
	rabbitDistribution
	rabbitEPMD
	rabbitTLS // bound only with a pki
	rabbitPorts
)

// rabbitmq is a RabbitMQ node of its own beside the one that the package would
// start as a service. It has no queue: whoever sends declares what he needs,
// durable, or has it lost by the first kill.
//
// With a pki it also listens with TLS, asks clients for a certificate, and lets
// them in by it (EXTERNAL) as the user that its common name says; such a user
// has to be made (PUT /api/users/interop, and its permissions).
//
// parse makes an entry of each message, given as "payload" (text), "queue",
// "exchange", "routing_key", "redelivered" and "properties" (message_id, type,
// headers, …). They are taken off the queues, in their order.
func rabbitmq(pki *pki, parse func(row map[string]any) entry) setup {
	return setup{
		install: apt("rabbitmq-server"),
		version: rabbitVersion,
		command: func(at place) (*exec.Cmd, error) { return rabbitCommand(at, pki) },
		ready:   func(at place) bool { return rabbitReady(at, pki != nil) },
		query: func(ctx context.Context, at place, take func(entry)) error {
			return rabbitDrain(ctx, at, func(row map[string]any) { take(parse(row)) })
		},
		startLimit: 90 * time.Second,
		ports:      rabbitPorts,
	}
}

// rabbitReady asks for the last listener to be opened first, as it costs least;
// the HTTP API is there seconds before them.
func rabbitReady(at place, tls bool) bool {
	if tls && !answersTCP(place{addrs: at.addrs[rabbitTLS:]}) {
		return false
	}
	if !answersTCP(at) {
		return false
	}
	_, err := httpGet(context.Background(), rabbitURL(at, "/api/overview"))
	return err == nil
}

// rabbitScripts is the folder of the program itself: what is in the PATH changes
// to the package's user first.
func rabbitScripts() (string, error) {
	found, err := filepath.Glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin")
	if err != nil || len(found) == 0 {
		return "", missing("rabbitmq-server", errors.Join(err, os.ErrNotExist))
	}
	slices.Sort(found)
	return found[len(found)-1], nil
}

func rabbitVersion(context.Context) (string, error) {
	scripts, err := rabbitScripts()
	if err != nil {
		return "", err
	}
	_, version, _ := strings.Cut(filepath.Base(filepath.Dir(scripts)), "-")
	return "RabbitMQ " + version, nil
}

func rabbitCommand(at place, pki *pki) (*exec.Cmd, error) {
	scripts, err := rabbitScripts()
	if err != nil {
		return nil, err
	}
	conf, plugins := filepath.Join(at.dir, "rabbitmq.conf"), filepath.Join(at.dir, "enabled_plugins")
	if err := os.WriteFile(conf, []byte(rabbitConfig(at, pki)), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(plugins, []byte("[rabbitmq_management,rabbitmq_auth_mechanism_ssl].\n"), 0o600); err != nil {
		return nil, err
	}
	// epmd, by which Erlang nodes find each other, would be started as a daemon
	// that outlives everyone. As a child it is in the group that a kill is for.
	cmd := exec.Command("sh", "-c", `epmd -address 127.0.0.1 & exec "$0"`, filepath.Join(scripts, "rabbitmq-server"))
	cmd.Env = append(os.Environ(),
		"HOME="+at.data, // for the cookie
		"ERL_EPMD_PORT="+port(at.addrs[rabbitEPMD]), "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_NODENAME=interop@localhost", "RABBITMQ_DIST_PORT="+port(at.addrs[rabbitDistribution]),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
		"RABBITMQ_MNESIA_BASE="+at.data, "RABBITMQ_LOG_BASE="+at.dir, "RABBITMQ_CONF_ENV_FILE=/dev/null",
		"RABBITMQ_CONFIG_FILE="+conf, "RABBITMQ_ENABLED_PLUGINS_FILE="+plugins,
	)
	return cmd, nil
}

// rabbitConfig has all messages of a queue in one place. By default a classic
// queue keeps those below 4 KiB in its index and the others in the message store,
// and confirms each when it is on disk; a kill in between may lose an older
// message, which nobody had confirmed, and keep a newer one. That is the likely
// reason for the one record in six runs that came behind a newer one.
func rabbitConfig(at place, pki *pki) string {
	conf := `
queue_index_embed_msgs_below = 65536
listeners.tcp.1 = ` + at.addrs[rabbitAMQP] + `
management.tcp.ip = 127.0.0.1
management.tcp.port = ` + port(at.addrs[rabbitManagement]) + `
disk_free_limit.absolute = 50MB
log.file = false
log.console = true
log.console.level = warning
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = AMQPLAIN
auth_mechanisms.3 = EXTERNAL
`
	if pki == nil {
		return conf
	}
	return conf + `
listeners.ssl.1 = ` + at.addrs[rabbitTLS] + `
ssl_options.cacertfile = ` + pki.ca + `
ssl_options.certfile = ` + pki.server.cert + `
ssl_options.keyfile = ` + pki.server.key + `
ssl_options.versions.1 = tlsv1.3
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
ssl_cert_login_from = common_name
`
}

func port(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

func rabbitURL(at place, path string) string {
	return "http://guest:guest@" + at.addrs[rabbitManagement] + path
}

// rabbitAsk asks the HTTP API; answer is filled from JSON, unless it is nil.
func rabbitAsk(ctx context.Context, at place, method, path string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, rabbitURL(at, path), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	says, err := httpDo(req)
	if err != nil {
		return fmt.Errorf("%w: %.300s", err, says)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(says, answer)
}

// rabbitPage is how many messages are asked for at a time.
const rabbitPage = 2000

// rabbitDrain takes everything off all queues.
func rabbitDrain(ctx context.Context, at place, take func(row map[string]any)) error {
	var queues []struct{ Name string }
	if err := rabbitAsk(ctx, at, http.MethodGet, "/api/queues/%2F", nil, &queues); err != nil {
		return err
	}
	for _, q := range queues {
		for {
			var page []map[string]any
			err := rabbitAsk(ctx, at, http.MethodPost, "/api/queues/%2F/"+url.PathEscape(q.Name)+"/get",
				map[string]any{"count": rabbitPage, "ackmode": "ack_requeue_false", "encoding": "auto"}, &page)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				break
			}
			for _, row := range page {
				row["queue"] = q.Name
				if err := rabbitText(row); err != nil {
					return err
				}
				take(row)
			}
		}
	}
	return nil
}

// rabbitText makes text of a payload that came as base64, as one that is no
// UTF-8 does.
func rabbitText(row map[string]any) error {
	if row["payload_encoding"] != "base64" {
		return nil
	}
	payload, _ := row["payload"].(string)
	raw, err := base64.StdEncoding.DecodeString(payload)
	row["payload"] = string(raw)
	return err
}

// parsePayload is for payloads that are encode.JSONLines.
func parsePayload(row map[string]any) entry { return parseField(row, "payload") }
