package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
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

// kafka is an Apache Kafka broker that is its own controller (KRaft), plain, at
// the first address. Topics make themselves with one partition.
//
// parse makes an entry of each message of all topics, as Kafka's own console
// consumer reads it, partition by partition: "value", "key", "headers" (a
// map), "partition", "offset", "time". Values must have no line breaks.
func kafka(parse func(row map[string]any) entry) setup {
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
		command: kafkaCommand,
		ready:   kafkaReady,
		query: func(ctx context.Context, at place, take func(entry)) error {
			return kafkaRead(ctx, at, func(row map[string]any) { take(parse(row)) })
		},
		startLimit: 90 * time.Second,
		ports:      2,
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

func kafkaCommand(at place) (*exec.Cmd, error) {
	classes, err := kafkaClasses(context.Background())
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(at.dir, "server.properties")
	if err := os.WriteFile(conf, []byte(kafkaConfig(at)), 0o600); err != nil {
		return nil, err
	}
	// A folder that is formatted already stays as it is.
	return exec.Command("sh", "-c", `
java -XX:TieredStopAtLevel=1 -cp "$0" kafka.tools.StorageTool format --ignore-formatted -t aW50ZXJvcC1pbnRlcm9wLQ -c "$1" &&
exec java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$0" kafka.Kafka "$1"`, classes, conf), nil
}

func kafkaConfig(at place) string {
	return strings.NewReplacer("BROKER", at.addrs[0], "QUORUM", at.addrs[1], "DATA", at.data).Replace(`
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://BROKER,CONTROLLER://QUORUM
advertised.listeners=PLAINTEXT://BROKER
controller.listener.names=CONTROLLER
controller.quorum.voters=1@QUORUM
log.dirs=DATA
num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`)
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

// kafkaRead runs the console consumer over all topics until nothing has come
// for a while: it does not know an end.
func kafkaRead(ctx context.Context, at place, take func(row map[string]any)) error {
	classes, err := kafkaClasses(ctx)
	if err != nil {
		return err
	}
	// What it logs would be among the messages: the end of its patience is an
	// error to it.
	args := []string{"-XX:TieredStopAtLevel=1", "-Dorg.apache.logging.log4j.level=OFF", "-cp", classes, "org.apache.kafka.tools.consumer.ConsoleConsumer",
		"--bootstrap-server", at.addr(), "--include", ".*", "--from-beginning", "--timeout-ms", "8000"}
	for _, p := range []string{"print.timestamp=true", "print.partition=true", "print.offset=true", "print.headers=true", "print.key=true",
		"key.separator=" + kafkaSeparator, "headers.separator=\x02"} {
		args = append(args, "--property", p)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "java", args...)
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	_, readErr := readLines(bufio.NewReader(out), func(line []byte) { take(kafkaRow(string(line))) })
	if err := cmd.Wait(); err != nil && !strings.Contains(said.String(), "Processed a total of") {
		return fmt.Errorf("kafka: read all topics: %w: %.1000s", err, said.String())
	}
	return readErr
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
