package route_test

import (
	"errors"
	"log/slog"
	"sync"
	"testing"

	"github.com/slogship/slogship/route"
)

func TestScopeLevels(t *testing.T) {
	s, err := route.NewScopeLevels(" http.client=WARN, db=debug,ERROR ,db.pool = INFO+1")
	if err != nil {
		t.Fatal(err)
	}
	for scope, want := range map[string]slog.Level{
		"": 8, "x": 8, "db": -4, "db.x": -4, "db.x.y": -4, "database": 8, "db.pool": 1, "db.pool.conn": 1, "db.pools": -4,
		"http": 8, "http.client": 4, "http.client.retry": 4, ".db": 8, "db.": -4,
	} {
		if got := s.Level(scope); got != want {
			t.Errorf("%q: %v, want %v", scope, got, want)
		}
		if got := s.For(scope).Level(); got != want {
			t.Errorf("For %q: %v, want %v", scope, got, want)
		}
	}
	const text = "db=DEBUG,db.pool=INFO+1,http.client=WARN,ERROR"
	if s.String() != text {
		t.Errorf("%q, want %q", s, text)
	}
	if err := s.Set(s.String()); err != nil || s.String() != text {
		t.Errorf("read back: %q, %v", s, err)
	}
}

func TestScopeLevelsDefault(t *testing.T) {
	var zero route.ScopeLevels
	blank, err := route.NewScopeLevels("  ")
	if err != nil {
		t.Fatal(err)
	}
	only, _ := route.NewScopeLevels("db=DEBUG")
	for _, s := range []*route.ScopeLevels{&zero, blank, only} {
		if s.Level("x") != slog.LevelInfo || s.For("").Level() != slog.LevelInfo {
			t.Errorf("%q: x is at %v", s, s.Level("x"))
		}
	}
	if zero.String() != "INFO" || only.String() != "db=DEBUG,INFO" {
		t.Errorf("%q, %q", &zero, only)
	}
}

// A bad spec changes nothing.
func TestScopeLevelsBad(t *testing.T) {
	s, err := route.NewScopeLevels("db=DEBUG,WARN")
	if err != nil {
		t.Fatal(err)
	}
	for spec, level := range map[string]bool{
		"loud": true, "db=loud": true, "db=": true, "INFO,": true, ",": true, "db=INFO=x": true,
		"=INFO": false, "INFO,WARN": false, "db=INFO,db=WARN": false, "db=INFO, db=INFO": false,
	} {
		err := s.Set(spec)
		var bad *route.LevelError
		if !errors.Is(err, route.ErrInvalid) || errors.As(err, &bad) != level {
			t.Errorf("%q: %v", spec, err)
		}
		if s.String() != "db=DEBUG,WARN" {
			t.Errorf("%q left %q", spec, s)
		}
		if _, err := route.NewScopeLevels(spec); err == nil {
			t.Errorf("%q makes levels", spec)
		}
	}
}

// A ScopeLevel follows every Set, however many goroutines ask it meanwhile.
func TestScopeLevelFollows(t *testing.T) {
	s, _ := route.NewScopeLevels("INFO")
	cell := s.For("db.pool")
	var group sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					cell.Level()
				}
			}
		})
	}
	for i := range 2000 {
		spec, want := "db=DEBUG,ERROR", slog.LevelDebug
		if i%2 == 0 {
			spec, want = "db=WARN", slog.LevelWarn
		}
		if err := s.Set(spec); err != nil {
			t.Fatal(err)
		}
		if got := cell.Level(); got != want {
			t.Fatalf("Set %q, level %v", spec, got)
		}
	}
	close(stop)
	group.Wait()
}

func TestPerScope(t *testing.T) {
	s, _ := route.NewScopeLevels("db=DEBUG,WARN")
	l := route.PerScope(s)
	if l.Static() || l.Scopes() != s || l.Contains(slog.LevelInfo) || !l.Contains(slog.LevelWarn) {
		t.Errorf("%v: static %v, INFO %v", l, l.Static(), l.Contains(slog.LevelInfo))
	}
	if l.String() != "scopes(db=DEBUG,WARN)" || l != route.PerScope(s) || route.PerScope(nil) != (route.Levels{}) {
		t.Errorf("%v", l)
	}
}
