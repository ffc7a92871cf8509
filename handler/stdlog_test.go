package handler_test

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// first is slog's own first handler, as it is before any SetDefault.
var first = slog.Default().Handler()

// ownLog gives the test the log package's state and puts it back.
func ownLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	writer, flags, prefix, def := log.Writer(), log.Flags(), log.Prefix(), slog.Default()
	t.Cleanup(func() {
		slog.SetDefault(def)
		log.SetOutput(writer)
		log.SetFlags(flags)
		log.SetPrefix(prefix)
	})
	var out bytes.Buffer
	log.SetOutput(&out)
	log.SetFlags(log.LstdFlags)
	log.SetPrefix("")
	return &out
}

// Lines become records: the header is gone, whatever flags there are and whoever
// sets them when; a prefix is an attribute; the source is the caller's line.
func TestRedirectStdLog(t *testing.T) {
	out := ownLog(t)
	h, sink := open(t, true, &handler.Options{AddSource: true})
	restore := handler.RedirectStdLog(h, encode.LevelNotice)
	for _, c := range []struct {
		flags           int
		prefix          string
		message, before string
	}{
		{0, "", "plain", ""},
		{log.LstdFlags, "", "12: dated", ""},
		{log.Ldate | log.Lmicroseconds | log.LUTC, "shop: ", "prefixed", "shop:"},
		{log.Ltime | log.Lshortfile, "", "with a file: 3: x", ""},
		{log.LstdFlags | log.Llongfile | log.Lmsgprefix, "[db] ", "prefix at the message", "[db]"},
		{log.Lmsgprefix, "p ", "", "p"},
		{log.LstdFlags, "", "two\nlines\n", ""},
	} {
		log.SetFlags(c.flags)
		log.SetPrefix(c.prefix)
		log.Println(c.message)
		recs := sink.Records()
		rec := recs[len(recs)-1]
		if want := strings.TrimSuffix(c.message, "\n"); rec.Message != want && rec.Message != c.message {
			t.Errorf("flags %b: message %q, want %q", c.flags, rec.Message, want)
		}
		if got := memory.Attr(rec, "prefix"); got.Kind() == slog.KindString && got.String() != c.before || got.Kind() != slog.KindString && c.before != "" {
			t.Errorf("flags %b: prefix %v, want %q", c.flags, got, c.before)
		}
		if rec.Level != encode.LevelNotice || !strings.HasSuffix(rec.Source.File, "stdlog_test.go") {
			t.Errorf("level %v, source %v", rec.Level, rec.Source)
		}
	}
	if restore(); out.Len() != 0 {
		t.Errorf("the log's own output got %q", out)
	}
	log.SetFlags(0)
	log.SetPrefix("")
	log.Print("after")
	if restore(); out.String() != "after\n" {
		t.Errorf("after restore the output is %q", out)
	}
}

// Each function of the log package is as many frames away as it likes.
func TestRedirectStdLogSource(t *testing.T) {
	ownLog(t)
	h, sink := open(t, true, &handler.Options{AddSource: true})
	defer handler.RedirectStdLog(h, slog.LevelInfo)()
	for name, call := range map[string]func(){
		"Print":   func() { log.Print("m") },
		"Printf":  func() { log.Printf("%s", "m") },
		"Output":  func() { _ = log.Output(1, "m") },
		"Default": func() { log.Default().Println("m") },
		"Panic": func() {
			defer func() { _ = recover() }()
			log.Panic("m")
		},
	} {
		call()
		recs := sink.Records()
		if got := recs[len(recs)-1].Source.Function; !strings.Contains(got, "TestRedirectStdLogSource.func") {
			t.Errorf("%s: the source is %s", name, got)
		}
	}
}

// Only records that the handler wants are made, and a level that changes counts.
func TestRedirectStdLogLevel(t *testing.T) {
	ownLog(t)
	sink := memory.New()
	h, err := handler.New([]route.Route{{Name: "warn", To: sink, Direct: true, Levels: route.AtLeast(slog.LevelWarn)}}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(context.Background())
	var level slog.LevelVar
	defer handler.RedirectStdLog(h, &level)()
	log.Print("too low")
	level.Set(slog.LevelError)
	log.Print("taken")
	if got := sink.Messages(); len(got) != 1 || got[0] != "taken" {
		t.Errorf("arrived %q", got)
	}
}

// What a program sets that goes through the log package would wait for itself,
// were slog's own first handler not replaced as Next.
func TestNoLoopThroughSlogDefault(t *testing.T) {
	for _, set := range []string{"SetDefault", "RedirectStdLog", "both", "both the other way"} {
		t.Run(set, func(t *testing.T) { noLoop(t, set) })
	}
}

func noLoop(t *testing.T, set string) {
	out := ownLog(t)
	log.SetFlags(0)
	h, sink := open(t, true, &handler.Options{Next: first})
	switch set {
	case "SetDefault":
		slog.SetDefault(slog.New(h))
	case "RedirectStdLog":
		defer handler.RedirectStdLog(h, slog.LevelInfo)()
	case "both":
		slog.SetDefault(slog.New(h))
		defer handler.RedirectStdLog(h, slog.LevelInfo)()
	default:
		defer handler.RedirectStdLog(h, slog.LevelInfo)()
		slog.SetDefault(slog.New(h))
	}
	log.Print("old")
	slog.New(h).With("a", 1).WithGroup("g").Warn("new", "b", slog.GroupValue(slog.String("level", "x y"), slog.Any("msg", "")))
	slog.New(h).Debug("too low for Next")
	if got, want := sink.Messages(), []string{"old", "new", "too low for Next"}; len(got) != 3 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%s: arrived %q", set, got)
	}
	if want := "INFO old\nWARN new a=1 g.b.level=\"x y\" g.b.msg=\"\"\n"; out.String() != want {
		t.Errorf("%s: Next wrote %q, want %q", set, out, want)
	}
}

// A handler that writes through the log package can't be what it writes to.
func TestRedirectStdLogToItself(t *testing.T) {
	out := ownLog(t)
	log.SetFlags(0)
	handler.RedirectStdLog(first, slog.LevelInfo)()
	restore := handler.RedirectStdLog(first, slog.LevelInfo)
	log.Print("line")
	restore()
	if out.String() != "line\n" {
		t.Errorf("the output is %q", out)
	}
}

// Somebody else's output is not taken away by restore.
func TestRestoreLeavesWhatIsNotOurs(t *testing.T) {
	ownLog(t)
	h, _ := open(t, true, nil)
	restore := handler.RedirectStdLog(h, slog.LevelInfo)
	var other bytes.Buffer
	log.SetOutput(&other)
	restore()
	if log.Print("line"); other.String() != "line\n" {
		t.Errorf("the other output has %q", other.String())
	}
}
