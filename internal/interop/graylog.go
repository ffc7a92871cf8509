package main

import (
	"context"
	_ "embed" // for gelfReceiver
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed graylog/GelfReceiver.java
var gelfReceiver []byte

const graylogRelease = "6.3.7" // the last line that runs on Java 17

// graylogJars are Graylog's server and, of the 300 artifacts that it depends on,
// those that its GELF codec needs, in the versions that it names.
func graylogJars() []string {
	return []string{
		"org.graylog2:graylog2-server:" + graylogRelease, "!*:*",
		"com.fasterxml.jackson.core:jackson-databind:2.18.3", "com.fasterxml.jackson.core:jackson-core:2.18.3",
		"com.fasterxml.jackson.core:jackson-annotations:2.18.3", "com.google.guava:guava:33.4.8-jre",
		"com.google.inject:guice:7.0.0", "com.google.inject.extensions:guice-assistedinject:7.0.0", "com.google.protobuf:protobuf-java:3.25.8",
		"com.swrve:rate-limited-logger:2.0.2", "io.dropwizard.metrics:metrics-core:4.2.30", "io.netty:netty-buffer:4.1.127.Final",
		"io.netty:netty-common:4.1.127.Final", "jakarta.inject:jakarta.inject-api:2.0.1", "joda-time:joda-time:2.14.0",
		"org.apache.commons:commons-lang3:3.17.0", "org.graylog2.repackaged:uuid:3.2.1", "org.slf4j:slf4j-api:2.0.17",
	}
}

// graylog is Graylog's GELF codec and its aggregator of chunks, behind sockets
// of the interop's own: TCP with zero bytes and UDP, at ADDR. Graylog itself needs a
// MongoDB beside it.
//
// parse makes an entry of a message's fields as Graylog has them after the
// codec: "source", "message", "full_message", "timestamp" (milliseconds since
// 1970), "level", and the additional ones without their "_". A message that it
// refuses is a row of "error" alone.
func graylog(parse func(row map[string]any) entry) setup {
	return setup{
		install: installs(javaInstall("javac"), func(ctx context.Context) error {
			_, err := graylogClasses(ctx)
			return err
		}),
		version: func(context.Context) (string, error) {
			if _, err := exec.LookPath("java"); err != nil {
				return "", missing("java", err)
			}
			return "Graylog " + graylogRelease + " codec", nil
		},
		command: func(at place) (*exec.Cmd, error) {
			classes, err := graylogClasses(context.Background())
			if err != nil {
				return nil, err
			}
			_, port, _ := net.SplitHostPort(at.addr())
			return exec.Command("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classes,
				"GelfReceiver", port, filepath.Join(at.dir, "received", "messages")), nil
		},
		ready:      answersTCP,
		read:       readRows(parse),
		startLimit: 30 * time.Second,
	}
}

// graylogClasses returns a class path.
func graylogClasses(ctx context.Context) (string, error) {
	jars, err := mavenFetch(ctx, "graylog", graylogJars()...)
	if err != nil {
		return "", err
	}
	receiver, err := built(ctx, "graylog-receiver", []string{string(gelfReceiver), jars}, func(dir string) error {
		source := filepath.Join(dir, "GelfReceiver.java")
		if err := os.WriteFile(source, gelfReceiver, 0o600); err != nil {
			return err
		}
		return command(ctx, dir, nil, "javac", "-nowarn", "-cp", filepath.Join(jars, "*"), "-d", dir, source)
	})
	return receiver + ":" + filepath.Join(jars, "*"), err
}
