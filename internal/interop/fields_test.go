package main

import (
	"errors"
	"log/slog"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// Each field of a LogRecord that is not as it was logged is found, and so is one
// too many; what depends on Python's version, or is a rounding, is not.
func TestSameRecord(t *testing.T) {
	row := func() map[string]any {
		return pythonRecord(slog.LevelWarn, "m", 1.9995, map[string]any{"log_id": "x"})
	}
	for name := range row() {
		got := row()
		got[name] = "forged"
		if err := sameRecord(got, row()); !errors.Is(err, errDiffers) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(got map[string]any){
		"one more":    func(got map[string]any) { got["more"] = nil },
		"a task":      func(got map[string]any) { got["taskName"] = "forged" },
		"extra":       func(got map[string]any) { got["extra"].(map[string]any)["more"] = 1.0 },
		"extra task":  func(got map[string]any) { got["extra"].(map[string]any)["taskName"] = "forged" },
		"msecs":       func(got map[string]any) { got["msecs"] = 997.0 },
		"without any": func(got map[string]any) { delete(got, "exc_text"); got["other"] = nil; delete(got, "name") },
	} {
		got := row()
		change(got)
		if err := sameRecord(got, row()); !errors.Is(err, errDiffers) {
			t.Errorf("%s: %v", name, err)
		}
	}
	got := row()
	got["taskName"], got["msecs"] = nil, 998.0
	if err := sameRecord(got, row()); err != nil {
		t.Error(err)
	}
}

func TestPythonLevels(t *testing.T) {
	for level, want := range map[slog.Level]string{-8: "DEBUG", -1: "DEBUG", 0: "INFO", 3: "INFO", 4: "WARNING", 8: "ERROR", 11: "ERROR", 12: "CRITICAL", 20: "CRITICAL"} {
		if got := pythonRecord(level, "", 0, nil)["levelname"]; got != want {
			t.Errorf("%d is %v, want %s", level, got, want)
		}
	}
}

// The check of GELF finds each field that differs; the ends that Graylog trims
// are no difference, anything else in the text is.
func TestCheckGELF(t *testing.T) {
	at := time.UnixMilli(1795427384123)
	var ids encode.IDSource
	id := ids.Next(at)
	if got := idMillis(id); got != at.UnixMilli() {
		t.Fatalf("the ID's time is %d", got)
	}
	seq := 0
	for !strings.HasSuffix(text(1, seq), " ") {
		seq++
	}
	row := func() map[string]any {
		return goodGELF(t, id, seq, float64(at.UnixMilli()), strings.TrimSpace(text(1, seq)))
	}
	e := parseGELF(row())
	if e.Message != message || e.Text != text(1, seq) || e.ID != id.String() {
		t.Fatalf("%+v", e)
	}
	if err := checkGELF(&e); err != nil {
		t.Error(err)
	}
	for name := range row() {
		if name == "_id" { // Graylog's own
			continue
		}
		got := maps.Clone(row())
		got[name] = "forged"
		e := parseGELF(got)
		if e.Producer == nil || e.Seq == nil || e.ID != id.String() {
			continue // the judge sees that
		}
		if err := checkGELF(&e); err == nil {
			t.Errorf("%s may be anything", name)
		}
	}
	if e := parseGELF(goodGELF(t, id, seq, 0, text(1, seq)[1:])); e.Text == text(1, seq) {
		t.Error("a text without its first byte passes")
	}
}

func goodGELF(t *testing.T, id encode.ID, seq int, at float64, text string) map[string]any {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"source": "host.example", "message": message, "level": 6.0, "slog_level": 0.0, "log_id": id.String(), "timestamp": at, "_id": "graylog's",
		"resource_service_name": "interop", "resource_host_name": host, "resource_process_pid": float64(os.Getpid()),
		"producer": 1.0, "seq": float64(seq), "text": text,
	}
}
