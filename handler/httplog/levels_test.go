package httplog_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/handler/httplog"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// Levels change while records are logged, and a wrong text changes nothing.
func TestLevelHandler(t *testing.T) {
	sink := memory.New()
	h, err := handler.New([]route.Route{{Name: "test", To: sink, Direct: true}}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(context.Background())
	own, err := route.NewScopeLevels("WARN")
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]struct {
		show  func() string
		set   func(string) error
		begin string
	}{"handler": {h.Levels, h.SetLevels, ""}, "own": {own.String, own.Set, "WARN"}} {
		levels := httplog.LevelHandler(at.show, at.set)
		for _, step := range []struct {
			method, body string
			status       int
			want         string
		}{
			{"GET", "", 200, at.begin},
			{"PUT", "db=DEBUG,WARN\n", 200, "db=DEBUG,WARN"},
			{"GET", "", 200, "db=DEBUG,WARN"},
			{"PUT", "db=LOUD", 400, ""},
			{"PUT", strings.Repeat("a=INFO,", 10_000), 400, ""},
			{"POST", "INFO", 405, ""},
			{"DELETE", "", 405, ""},
			{"GET", "", 200, "db=DEBUG,WARN"},
			{"PUT", "", 200, "INFO"},
			{"PUT", "db=DEBUG,WARN", 200, "db=DEBUG,WARN"},
		} {
			w := httptest.NewRecorder()
			levels.ServeHTTP(w, httptest.NewRequest(step.method, "/levels", strings.NewReader(step.body)))
			if body := strings.TrimSuffix(w.Body.String(), "\n"); w.Code != step.status || step.status == 200 && body != step.want {
				t.Errorf("%s: %s %.20q: %d %q, want %d %q", name, step.method, step.body, w.Code, body, step.status, step.want)
			}
			if step.status == 405 && w.Header().Get("Allow") == "" {
				t.Errorf("%s: what is allowed is not said", step.method)
			}
		}
	}
	slog.New(h).Info("too low")
	slog.New(h.WithScope("db.pool")).Debug("taken")
	if got := sink.Messages(); len(got) != 1 || got[0] != "taken" {
		t.Errorf("arrived %q", got)
	}
}
