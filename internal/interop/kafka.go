package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const kafkaRelease = "4.1.1"

// Addresses of a Kafka broker, in place.addrs.
const (
	kafkaPlain  = iota // no credentials
	kafkaQuorum        // the controllers among themselves
	kafkaSecure        // TLS, and SASL with PLAIN or SCRAM-SHA-512; bound only with a pki
	kafkaPorts
)

// The user that the secure listener knows.
const kafkaUser, kafkaPassword = "interop", "c0rrect-h0rse"

// kafka is an Apache Kafka broker that is its own controller (KRaft), plain, at
// the first address. Topics make themselves with one partition.
//
// parse makes an entry of each message of all topics, as Kafka's own console
// consumer reads it, partition by partition: "value", "key", "headers" (a
// map), "partition", "offset", "time". Values must have no line breaks.
func kafka(parse func(row map[string]any) entry) setup {
	return kafkaNode{id: 1}.setup(parse)
}

// kafkaNode is one broker of a cluster, itself one of the controllers.
type kafkaNode struct {
	id     int
	pki    *pki                        // nil: no secure listener
	voters func() (text string, n int) // all controllers; nil: this one alone
}

func (n kafkaNode) setup(parse func(row map[string]any) entry) setup {
	return setup{
		install: installs(javaInstall("java"), func(ctx context.Context) error {
			_, err := kafkaClasses(ctx)
			return err
		}),
		version: func(context.Context) (string, error) {
			if _, err := exec.LookPath("java"); err != nil {
				return "", missing("java", err)
			}
			return "Kafka " + kafkaRelease, nil
		},
		command: n.command,
		ready:   kafkaReady,
		query: func(ctx context.Context, at place, take func(entry)) error {
			return kafkaRead(ctx, at, func(row map[string]any) { take(parse(row)) })
		},
		startLimit: 90 * time.Second,
		ports:      kafkaPorts,
	}
}

// kafkaClasses returns a class path.
func kafkaClasses(ctx context.Context) (string, error) {
	jars, err := mavenFetch(ctx, "kafka",
		"org.apache.kafka:kafka_2.13:"+kafkaRelease,
		"org.apache.kafka:kafka-tools:"+kafkaRelease,
		"org.apache.logging.log4j:log4j-slf4j-impl:2.24.3")
	return filepath.Join(jars, "*"), err
}

func (n kafkaNode) command(at place) (*exec.Cmd, error) {
	classes, err := kafkaClasses(context.Background())
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(at.dir, "server.properties")
	if err := os.WriteFile(conf, []byte(n.config(at)), 0o600); err != nil {
		return nil, err
	}
	if n.pki != nil {
		if err := n.store(at); err != nil {
			return nil, err
		}
	}
	// A folder that is formatted already stays as it is.
	return exec.Command("sh", "-c", `
java -XX:TieredStopAtLevel=1 -cp "$0" kafka.tools.StorageTool format --ignore-formatted -t aW50ZXJvcC1pbnRlcm9wLQ \
	--add-scram "SCRAM-SHA-512=[name=$2,password=$3]" -c "$1" &&
exec java -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$0" kafka.Kafka "$1"`, classes, conf, kafkaUser, kafkaPassword), nil
}

func (n kafkaNode) config(at place) string {
	voters, copies := fmt.Sprintf("%d@%s", n.id, at.addrs[kafkaQuorum]), 1
	if n.voters != nil {
		voters, copies = n.voters()
	}
	config := strings.NewReplacer(
		"ID", strconv.Itoa(n.id), "BROKER", at.addrs[kafkaPlain], "QUORUM", at.addrs[kafkaQuorum], "VOTERS", voters,
		"DATA", at.data, "COPIES", strconv.Itoa(copies)).Replace(`
process.roles=broker,controller
node.id=ID
listeners=PLAINTEXT://BROKER,CONTROLLER://QUORUM
advertised.listeners=PLAINTEXT://BROKER
controller.listener.names=CONTROLLER
controller.quorum.voters=VOTERS
log.dirs=DATA
num.partitions=1
offsets.topic.replication.factor=COPIES
transaction.state.log.replication.factor=COPIES
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`)
	if n.pki == nil {
		return config
	}
	config = strings.ReplaceAll(config, "PLAINTEXT://"+at.addrs[kafkaPlain], "PLAINTEXT://"+at.addrs[kafkaPlain]+",SECURE://"+at.addrs[kafkaSecure])
	return config + strings.NewReplacer("STORE", kafkaStore(at), "USER", kafkaUser, "PASSWORD", kafkaPassword).Replace(`
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location=STORE
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_USER="PASSWORD";
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
`)
}

// kafkaStore is the key store: a PEM file with the key and its certificate.
func kafkaStore(at place) string { return filepath.Join(at.dir, "server.pem") }

func (n kafkaNode) store(at place) error {
	var content []byte
	for _, name := range []string{n.pki.server.key, n.pki.server.cert} {
		part, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		content = append(content, part...)
	}
	return os.WriteFile(kafkaStore(at), content, 0o600)
}

// kafkaReady asks for the versions of the requests that the broker knows, as
// every client does first: the port takes connections before that is answered.
func kafkaReady(at place) bool {
	c, err := net.DialTimeout("tcp", at.addr(), time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Second))
	// ApiVersions (18), version 0, correlation id 1, client id "interop".
	request := append([]byte{0, 18, 0, 0, 0, 0, 0, 1, 0, 7}, "interop"...)
	if _, err := c.Write(binary.BigEndian.AppendUint32(nil, uint32(len(request)))); err != nil {
		return false
	}
	if _, err := c.Write(request); err != nil {
		return false
	}
	answer := make([]byte, 10) // length, correlation id, error code
	_, err = io.ReadFull(c, answer)
	return err == nil && binary.BigEndian.Uint16(answer[8:]) == 0
}

// kafkaSeparator stands between the parts of a line of the console consumer.
const kafkaSeparator = "\x01"

// kafkaRead runs the console consumer over all topics. It knows no end, so it is
// told how many messages there are: by its patience alone, a busy machine makes
// it give up before the first.
func kafkaRead(ctx context.Context, at place, take func(row map[string]any)) error {
	total, err := kafkaTotal(ctx, at)
	if err != nil || total == 0 {
		return err
	}
	// What it logs would be among the messages.
	cmd, err := kafkaTool(ctx, "consumer.ConsoleConsumer", "-Dorg.apache.logging.log4j.level=OFF",
		"--bootstrap-server", at.addr(), "--include", ".*", "--from-beginning", "--timeout-ms", "60000", "--max-messages", strconv.Itoa(total),
		"--property", "print.timestamp=true", "--property", "print.partition=true", "--property", "print.offset=true",
		"--property", "print.headers=true", "--property", "print.key=true",
		"--property", "key.separator="+kafkaSeparator, "--property", "headers.separator=\x02")
	if err != nil {
		return err
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	read := 0
	_, readErr := readLines(bufio.NewReader(out), func(line []byte) {
		read++
		take(kafkaRow(string(line)))
	})
	if err := cmd.Wait(); err != nil || read != total {
		return fmt.Errorf("kafka: read %d messages, got %d: %w: %.1000s", total, read, cmp.Or(err, errKafkaRead), said.String())
	}
	return readErr
}

var errKafkaRead = errors.New("the console consumer ended early")

// kafkaTotal is how many messages all topics hold: the ends of their partitions,
// as nothing is removed within a run.
func kafkaTotal(ctx context.Context, at place) (total int, err error) {
	cmd, err := kafkaTool(ctx, "GetOffsetShell", "-Dorg.apache.logging.log4j.level=OFF", "--bootstrap-server", at.addr(), "--exclude-internal-topics")
	if err != nil {
		return 0, err
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("kafka: offsets of all topics: %w: %.1000s", err, said.String())
	}
	for line := range strings.Lines(string(out)) { // topic:partition:end
		if at := strings.LastIndexByte(line, ':'); at >= 0 {
			n, err := strconv.Atoi(strings.TrimSpace(line[at+1:]))
			if err != nil {
				return 0, fmt.Errorf("kafka: offsets of all topics: %q: %w", line, err)
			}
			total += n
		}
	}
	return total, nil
}

// kafkaTool is one of Kafka's own command-line tools.
func kafkaTool(ctx context.Context, tool, java string, args ...string) (*exec.Cmd, error) {
	classes, err := kafkaClasses(ctx)
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, "java", append([]string{"-XX:TieredStopAtLevel=1", java, "-cp", classes, "org.apache.kafka.tools." + tool}, args...)...), nil
}

// kafkaRow reads CreateTime:N, Partition:N, Offset:N, name:value…, key, value.
func kafkaRow(line string) map[string]any {
	f := strings.SplitN(line, kafkaSeparator, 6)
	if len(f) < 6 {
		return map[string]any{"value": line}
	}
	row := map[string]any{"key": f[4], "value": f[5]}
	for i, name := range []string{"time", "partition", "offset"} {
		_, number, _ := strings.Cut(f[i], ":")
		row[name], _ = strconv.ParseInt(number, 10, 64)
	}
	headers := map[string]any{}
	for _, h := range strings.Split(f[3], "\x02") {
		if name, value, ok := strings.Cut(h, ":"); ok {
			headers[name] = value
		}
	}
	row["headers"] = headers
	return row
}

// parseValue is for values that are encode.JSONLines.
func parseValue(row map[string]any) entry { return parseField(row, "value") }
