package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/journald"
)

// journaldDestinations is systemd-journald as its own journal (a namespace), with
// its socket and files in the server's folder, asked by journalctl. It runs
// without systemd, so that the socket dies with it: more is lost by SIGKILL than
// on a machine where systemd keeps it, if anything is.
func journaldDestinations(*environment) []destination {
	return []destination{{
		name: "journald", setup: journaldServer(), kills: true, pause: pause, check: checkJournal,
		to:     journalAt,
		scenes: []scene{{name: "forging", play: forgeEntries}},
	}}
}

func journalAt(at place) transport.Destination {
	return journald.Destination{Socket: journalSocket(at), Encoder: encode.Journal{Facility: encode.FacilityLocal3}}
}

// forgedEntries is how many entries that scene has. Their names are of all kinds,
// so that journald begins a new file after some 140 of them, and it keeps 100
// files unless it is told otherwise (SystemMaxFiles).
const forgedEntries = 10_000

// forgeEntries is [forging] for the journal: as many entries as were sent, each
// record once, with the fields that say who wrote it.
func forgeEntries(ctx context.Context, on *stage) error {
	pipe, err := on.pipeline("forging", journalAt(on.server.life.at), nil)
	if err != nil {
		return err
	}
	seed := rand.Uint64()
	logErr := logForged(ctx, pipe.handler, rand.New(rand.NewPCG(seed, 1)), forgedEntries, false)
	if err := errors.Join(logErr, pipe.close(ctx, false)); err != nil {
		return err
	}
	received, ids := 0, make(map[string]bool)
	var forged error
	_, err = on.server.received(ctx, func(e entry) {
		received++
		if e.ID == "" || ids[e.ID] || forged == nil && checkJournal(&e) != nil {
			forged = fmt.Errorf("forged: %.500q: %w", e.Fields, errScene)
		}
		ids[e.ID] = true
	})
	if received != forgedEntries {
		err = errors.Join(err, fmt.Errorf("seed %d: %d received, %d sent: %w", seed, received, forgedEntries, errScene))
	}
	return errors.Join(err, forged)
}

func journalSocket(at place) string { return filepath.Join(at.data, "run", "socket") }

func journaldServer() setup {
	return setup{
		install: apt("systemd"),
		version: journaldVersion,
		command: func(at place) (*exec.Cmd, error) {
			for _, dir := range []string{"run", "journal"} {
				if err := os.MkdirAll(filepath.Join(at.data, dir), 0o700); err != nil {
					return nil, err
				}
			}
			cmd := exec.Command("/lib/systemd/systemd-journald", "interop")
			cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+filepath.Join(at.data, "run"), "LOGS_DIRECTORY="+filepath.Join(at.data, "journal"))
			return cmd, nil
		},
		ready: func(at place) bool { // a socket that a kill has left refuses
			c, err := net.Dial("unixgram", journalSocket(at))
			if err != nil {
				return false
			}
			c.Close()
			return true
		},
		query: queryJournal,
	}
}

func journaldVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "journalctl", "--version").Output()
	if err != nil {
		return "", missing("journalctl", err)
	}
	return "systemd " + word(string(out), 1), nil
}

// queryJournal reads all journals in the order in which entries came, in the
// export format, which alone tells all bytes of a field.
func queryJournal(ctx context.Context, at place, take func(entry)) error {
	cmd := exec.CommandContext(ctx, "journalctl", "--directory="+filepath.Join(at.data, "journal"), "--output=export", "--all")
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("journalctl: %w", err)
	}
	r := bufio.NewReader(bytes.NewReader(out))
	for {
		fields, err := readExport(r)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if fields["_TRANSPORT"] == "journal" { // journald itself says that it has started
			take(journalEntry(fields))
		}
	}
}

var errExport = errors.New("not the journal's export format")

// readExport reads one entry (https://systemd.io/JOURNAL_EXPORT_FORMATS/).
func readExport(r *bufio.Reader) (map[string]any, error) {
	fields := make(map[string]any)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		line = line[:len(line)-1]
		name, value, short := strings.Cut(line, "=")
		if line == "" {
			return fields, nil
		}
		if !short {
			var size [8]byte
			if _, err := io.ReadFull(r, size[:]); err != nil {
				return nil, err
			}
			p := make([]byte, binary.LittleEndian.Uint64(size[:])+1)
			if _, err := io.ReadFull(r, p); err != nil {
				return nil, err
			}
			value = string(p[:len(p)-1])
		}
		if _, twice := fields[name]; twice && name[0] != '_' {
			return nil, fmt.Errorf("%w: %s twice", errExport, name)
		}
		fields[name] = value
	}
}

// journalEntry: text keeps its line feeds and tabs here.
func journalEntry(fields map[string]any) entry {
	e := entry{Fields: fields}
	e.ID, _ = fields["LOG_ID"].(string)
	e.Message, _ = fields["MESSAGE"].(string)
	e.Text, _ = fields["TEXT"].(string)
	p, _ := fields["PRODUCER"].(string)
	s, _ := fields["SEQ"].(string)
	producer, err1 := strconv.Atoi(p)
	seq, err2 := strconv.Atoi(s)
	if err1 != nil || err2 != nil {
		return e
	}
	e.Producer, e.Seq = &producer, &seq
	if want := text(producer, seq); escaped.Replace(e.Text) == escaped.Replace(want) {
		e.Text = want
	}
	return e
}

// checkJournal compares what journald has under its own names.
func checkJournal(e *entry) error {
	for name, want := range map[string]string{
		"PRIORITY": "6", "SYSLOG_FACILITY": "19", "SYSLOG_IDENTIFIER": "interop", "SYSLOG_PID": strconv.Itoa(os.Getpid()), "SLOG_LEVEL": "0",
		"_PID": strconv.Itoa(os.Getpid()),
	} {
		if got := e.Fields[name]; got != want {
			return fmt.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	return nil
}
