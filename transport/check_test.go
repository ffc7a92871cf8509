package transport

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestFinding(t *testing.T) {
	f := Finding{Check: "tls", Subject: "logs:6514", Verdict: Failed, Found: "unknown authority", Remedy: "set TLS.CAFile", Err: errors.New("x")}
	if got, want := f.String(), "failed   tls logs:6514: unknown authority; set TLS.CAFile"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := (Finding{Check: "name", Verdict: OK}).String(), "ok       name"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	b, err := json.Marshal(f)
	if want := `{"check":"tls","subject":"logs:6514","verdict":"failed","found":"unknown authority","remedy":"set TLS.CAFile"}`; err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
}

func TestVerdictNames(t *testing.T) {
	seen := map[string]bool{}
	for v := range Verdict(6) {
		seen[v.String()] = true
	}
	for _, want := range []string{"ok", "warning", "failed", "skipped", "Verdict(0)", "Verdict(5)"} {
		if !seen[want] {
			t.Errorf("no verdict is called %q", want)
		}
	}
}
