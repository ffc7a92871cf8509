package file

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

func open(t testing.TB, d Destination) *appender {
	t.Helper()
	tr, err := d.Open()
	if err != nil {
		t.Fatal(err)
	}
	a := tr.(*appender)
	t.Cleanup(func() { a.Close() })
	return a
}

// dest returns a destination in a directory of its own that keeps everything.
func dest(t testing.TB) Destination {
	return Destination{Path: filepath.Join(t.TempDir(), "app.log"), Keep: -1}
}

func record(message string) encode.Record {
	return encode.Record{
		Time: time.Now(), Level: slog.LevelInfo, Message: message, Resource: &encode.Resource{Service: "test"},
	}
}

func batch(messages ...string) []encode.Record {
	recs := make([]encode.Record, len(messages))
	for i, m := range messages {
		recs[i] = record(m)
	}
	return recs
}

func send(t testing.TB, a *appender, messages ...string) {
	t.Helper()
	if err := a.Send(t.Context(), batch(messages...)); err != nil {
		t.Fatal(err)
	}
}

// read returns the whole lines of all files of path, the oldest file first, and
// apart from them the lines that are no JSON.
func read(t testing.TB, path string) (messages, broken []string) {
	t.Helper()
	files, err := listRotated(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range slices.Backward(files) {
		if !r.part && !(!r.compressed && exists(r.name+compressedSuffix)) {
			m, b := readFile(t, r.name)
			messages, broken = append(messages, m...), append(broken, b...)
		}
	}
	if exists(path) {
		m, b := readFile(t, path)
		messages, broken = append(messages, m...), append(broken, b...)
	}
	return messages, broken
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

func readFile(t testing.TB, name string) (messages, broken []string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, compressedSuffix) {
		zip, err := gzip.NewReader(bytes.NewReader(data))
		if err == nil {
			data, err = io.ReadAll(zip)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for line := range strings.Lines(string(data)) {
		var m struct{ Msg string }
		if err := json.Unmarshal([]byte(line), &m); err != nil || !strings.HasSuffix(line, "\n") {
			broken = append(broken, line)
		} else {
			messages = append(messages, m.Msg)
		}
	}
	return messages, broken
}

// wantFile compares all that is in the files of path with the messages.
func wantFile(t testing.TB, path string, want ...string) {
	t.Helper()
	got, broken := read(t, path)
	if !slices.Equal(got, want) || len(broken) > 0 {
		t.Errorf("messages %q, want %q; broken lines %q", got, want, broken)
	}
}

func numbers(n int) []string {
	s := make([]string, n)
	for i := range s {
		s[i] = fmt.Sprint(i)
	}
	return s
}

// appendRaw plays another process that writes to the file.
func appendRaw(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func rotatedFiles(t testing.TB, path string) []rotated {
	t.Helper()
	files, err := listRotated(path)
	if err != nil {
		t.Fatal(err)
	}
	return files
}
