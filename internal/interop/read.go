package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// readLines calls take with each whole line of r, without its line break, and
// reports whether the last one had none. Such a torn line is what a kill leaves
// of a write; it is not part of what was received.
func readLines(r io.Reader, take func(line []byte)) (torn bool, err error) {
	b := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := b.ReadBytes('\n')
		switch {
		case err == nil:
			take(line[:len(line)-1])
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return len(line) > 0 || errors.Is(err, io.ErrUnexpectedEOF), nil
		default:
			return true, err
		}
	}
}

// readRaw reads a file that rsyslog wrote with the template of rsyslogConfig:
// one JSON object a line with the message as it came. The detour keeps the line
// breaks that a message of octet-counted framing may have.
func readRaw(name string, j *judge) (torn bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return readLines(f, func(line []byte) {
		var row struct{ Raw *string }
		if json.Unmarshal(line, &row) != nil || row.Raw == nil {
			j.verdict.received++
			j.verdict.foreign++
			return
		}
		j.take([]byte(*row.Raw))
	})
}

// readBody reads one request's body as nginx kept it: newline-delimited JSON,
// compressed or not.
func readBody(name string, j *judge) (torn bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	b := bufio.NewReader(f)
	magic, _ := b.Peek(2)
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return readLines(b, j.take)
	}
	z, err := gzip.NewReader(b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return true, nil // the kill came within the first bytes
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return readLines(z, j.take)
}

// readAll reads the files that one life of a server left in dir, by name, which
// is the order in which they were begun. Only a life that was killed may leave
// a torn file, and only one: the one it was writing.
func readAll(dir string, killed bool, j *judge, read func(string, *judge) (bool, error)) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	slices.SortFunc(files, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	tears := 0
	for _, f := range files {
		torn, err := read(filepath.Join(dir, f.Name()), j)
		if err != nil {
			return err
		}
		if torn {
			tears++
		}
	}
	j.verdict.torn += tears
	if tears > 1 || tears == 1 && !killed {
		return fmt.Errorf("%s: %d torn files: %w", filepath.Base(dir), tears, errTorn)
	}
	return nil
}

var errTorn = errors.New("written in part, and no kill explains it")
