package encode

import (
	"strings"
	"testing"
)

func TestAppendStack(t *testing.T) {
	frames := []Frame{{"main.f", "/a b.go", 1}, {"main.(*T).m", `C:\x.go`, 20}}
	want := "main.f|>/a b.go:1|main.(*T).m|>C:\\\\x.go:20"
	if got := string(appendStack(nil, frames, 1000, "|", ">")); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := appendStack(nil, nil, 1000, "|", ">"); len(got) != 0 {
		t.Errorf("no frames: %s", got)
	}
}

func TestAppendStackLimits(t *testing.T) {
	long := make([]Frame, 100)
	got := string(appendStack(nil, long, 10_000, "|", ">"))
	if !strings.HasSuffix(got, "|"+truncated+" 36 frames") || strings.Count(got, ">") != maxFrames {
		t.Errorf("by count: %s", got)
	}
	got = string(appendStack(nil, long, 20, "|", ">"))
	if !strings.HasSuffix(got, "frames") || len(got) > 60 {
		t.Errorf("by size: %s", got)
	}
}
