package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/file"
)

// followedDestinations are files that an agent follows through rotations by one
// name: rsyslog's imfile. (Filebeat, which follows rotated names as well, has a row
// of its own.) The agent is not killed: what it promises then is its own, and no
// answer of slogship's depends on it.
//
// The file is rotated about every second. imfile watches one name, and misses a
// file that came and went between two of its looks: with 1 MiB, a rotation every
// 150 ms on a busy machine, it missed one whole file in one run of four.
func followedDestinations(*environment) []destination {
	return []destination{{
		name: "file-followed", setup: imfile(parseECS), pause: pause,
		to: func(at place) transport.Destination {
			return file.Destination{Path: followed(at), Encoder: encode.ECS{}, MaxSize: 6 << 20, Compress: true}
		},
	}}
}

// followed is the file. It is in a folder of its own: imfile watches that.
func followed(at place) string { return filepath.Join(at.data, "log", "app.log") }

// imfile is rsyslog that follows a file, and writes what it reads as it is.
func imfile(parse func(row map[string]any) entry) setup {
	return setup{
		install: apt("rsyslog"),
		version: rsyslogVersion,
		command: func(at place) (*exec.Cmd, error) {
			if err := os.MkdirAll(filepath.Dir(followed(at)), 0o700); err != nil {
				return nil, err
			}
			conf := filepath.Join(at.dir, "rsyslog.conf")
			if err := os.WriteFile(conf, []byte(imfileConfig(at)), 0o600); err != nil {
				return nil, err
			}
			return exec.Command(daemon("rsyslogd"), "-n", "-f", conf, "-i", filepath.Join(at.dir, "pid")), nil
		},
		ready: func(at place) bool { // the pid file comes when the configuration is loaded
			_, err := os.Stat(filepath.Join(at.dir, "pid"))
			return err == nil
		},
		read: readRows(parse),
	}
}

func imfileConfig(at place) string {
	return strings.NewReplacer("DIR", at.dir, "DATA", at.data, "FILE", followed(at)).Replace(`
global(workDirectory="DATA" maxMessageSize="64k")
main_queue(queue.type="Direct")
module(load="imfile" mode="inotify")
template(name="line" type="string" string="%msg%\n")
ruleset(name="line" queue.type="Direct") {
	action(type="omfile" file="DIR/received/messages" template="line" asyncWriting="off" flushOnTXEnd="on"
	       queue.type="Direct")
}
input(type="imfile" file="FILE" tag="app" ruleset="line" freshStartTail="off")
*.* action(type="omfile" file="DIR/error.log")
`)
}
