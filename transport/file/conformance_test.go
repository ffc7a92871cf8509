package file_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/file"
	"github.com/slogship/slogship/transport/transporttest"
)

func TestConformance(t *testing.T) {
	for name, dest := range map[string]file.Destination{
		"defaults":         {},
		"synced":           {Sync: true},
		"rotating at once": {MaxSize: 1, Keep: -1},
		"logfmt":           {Encoder: encode.Logfmt{}},
	} {
		t.Run(name, func(t *testing.T) { transporttest.Run(t, harness(t, dest)) })
	}
}

func harness(t *testing.T, dest file.Destination) transporttest.Harness {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h := transporttest.Harness{
		Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
			dest := dest
			dest.Path = filepath.Join(t.TempDir(), "new", "app.log")
			p.Read = func() []string { return lines(t, dest.Path) }
			return dest
		},
		Unreachable: file.Destination{Path: filepath.Join(plain, "app.log")},
		Invalid:     invalid(),
	}
	if dest.Encoder == nil {
		h.Message = message
	}
	return h
}

func invalid() []transport.Destination {
	return []transport.Destination{
		file.Destination{},
		file.Destination{Path: "dir/"},
		file.Destination{Path: "."},
		file.Destination{Path: ".."},
		file.Destination{Path: "a\x00b"},
		file.Destination{Path: "a", Every: -time.Second},
		file.Destination{Path: "a", KeepFor: -time.Second},
		file.Destination{Path: "a", KeepBytes: -1},
		file.Destination{Path: "a", Mode: 0o700},
		file.Destination{Path: "a", Mode: 0o440},
		file.Destination{Path: "a", Mode: os.ModeSetuid | 0o600},
		file.Destination{Path: "a", Encoder: encode.JSONLines{Keys: encode.Keys{Time: "level"}}},
	}
}

func message(entry string) (string, error) {
	var m struct{ Msg string }
	err := json.Unmarshal([]byte(entry), &m)
	return m.Msg, err
}

// lines reads all lines of path, those of rotated files first: their names sort
// by time, and the name of the file itself before them.
func lines(t testing.TB, path string) []string {
	t.Helper()
	names, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) > 0 && names[0] == path {
		names = append(names[1:], path)
	}
	var all []string
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			text, whole := strings.CutSuffix(line, "\n")
			if !whole {
				t.Errorf("%s ends in half a line: %q", name, line)
			}
			all = append(all, text)
		}
	}
	return all
}
