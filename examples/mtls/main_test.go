package main

import (
	"bytes"
	"strings"
	"testing"
)

// Both certificates were used, and nothing was lost between them.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), t.TempDir(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if text := out.String(); !strings.Contains(text, "first certificate:") || !strings.Contains(text, "second certificate") || !strings.HasSuffix(text, "lost 0\n") {
		t.Errorf("it said %s", text)
	}
}
