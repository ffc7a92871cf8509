package main

import (
	"context"
	_ "embed" // for pythonReceiver
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed python/receiver.py
var pythonReceiver []byte

// python is the receiver of the logging module's SocketHandler, in the
// interpreter of the PATH: 4-byte lengths, pickle.loads (plain types only),
// logging.makeLogRecord. What it reads it has written before it reads on.
//
// parse makes an entry of what it wrote of a LogRecord: all attributes that a
// LogRecord has of its own ("name", "levelno", "msg", "exc_text", …), "message"
// (getMessage), "knownlevel" (what logging calls its number), "formatted" (by a
// plain Formatter), and all others in "extra". A message that is no such record
// is a row of "error" alone.
func python(parse func(row map[string]any) entry) setup {
	return setup{
		install: aptUnless("python3", "python3"),
		version: func(ctx context.Context) (string, error) { return pythonVersion(ctx, "") },
		command: func(at place) (*exec.Cmd, error) {
			script := filepath.Join(at.dir, "receiver.py")
			if err := os.WriteFile(script, pythonReceiver, 0o600); err != nil {
				return nil, err
			}
			_, port, _ := net.SplitHostPort(at.addr())
			return exec.Command("python3", script, port, filepath.Join(at.dir, "received", "records")), nil
		},
		ready: answersTCP,
		read:  readRows(parse),
	}
}

// parseExtra is for records whose attributes are attributes of the LogRecord:
// log_id, producer, seq and text are looked for in "extra".
func parseExtra(row map[string]any) entry {
	extra, _ := row["extra"].(map[string]any)
	e := parseObject(extra)
	e.Message, _ = row["message"].(string)
	e.Fields = row
	return e
}
