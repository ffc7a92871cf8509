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

// readRows reads a file of one JSON object a line, as rsyslog's templates and
// the Python receiver write it. parse makes an entry of each.
func readRows(parse func(row map[string]any) entry) func(name string, take func(entry)) (torn bool, err error) {
	return func(name string, take func(entry)) (torn bool, err error) {
		f, err := os.Open(name)
		if err != nil {
			return false, err
		}
		defer f.Close()
		return readLines(f, func(line []byte) {
			var row map[string]any
			if json.Unmarshal(line, &row) != nil {
				take(entry{})
				return
			}
			take(parse(row))
		})
	}
}

// readBody reads one request's body as nginx kept it: newline-delimited JSON,
// compressed or not.
func readBody(name string, take func(entry)) (torn bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	takeLine := func(line []byte) { take(parseEntry(line)) }
	b := bufio.NewReader(f)
	magic, _ := b.Peek(2)
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return readLines(b, takeLine)
	}
	z, err := gzip.NewReader(b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return true, nil // the kill came within the first bytes
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return readLines(z, takeLine)
}

// readAll reads the files that one life of a server left in dir, by name, which
// is the order in which they were begun. Only a life that was killed may leave
// a torn file, and only one: the one it was writing.
func readAll(dir string, killed bool, take func(entry), read func(string, func(entry)) (bool, error)) (tears int, err error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	slices.SortFunc(files, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, f := range files {
		torn, err := read(filepath.Join(dir, f.Name()), take)
		if err != nil {
			return tears, err
		}
		if torn {
			tears++
		}
	}
	if tears > 1 || tears == 1 && !killed {
		return tears, fmt.Errorf("%s: %d torn files: %w", filepath.Base(dir), tears, errTorn)
	}
	return tears, nil
}

var errTorn = errors.New("written in part, and no kill explains it")
