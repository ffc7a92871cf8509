package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slogship/slogship/encode"
)

// screen prints what happens. On a terminal the last line is repainted with
// the progress; elsewhere, in a CI log, a line is printed now and then.
type screen struct {
	start time.Time
	live  bool // a terminal that takes control sequences

	mu    sync.Mutex // guards all below, and keeps lines whole
	out   io.Writer
	room  int       // how many console lines may still follow the last event
	shown time.Time // when progress was last shown
}

func newScreen(out io.Writer) *screen {
	s := &screen{start: time.Now(), live: encode.WantColor(out, os.LookupEnv), out: out}
	fmt.Fprintf(out, "\nslogship quickstart: a shop logs through log/slog; its receivers die, and then so does the shop.\n\n")
	return s
}

const (
	clearLine = "\r\x1b[2K"
	bold      = "\x1b[1m"
	dim       = "\x1b[2m"
	plain     = "\x1b[0m"
)

// event prints one thing that has happened, and makes room for a few lines of
// the shop's console: enough to see it live, not enough to drown the events.
func (s *screen) event(what, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.room = 3
	fmt.Fprintf(s.out, "%s%5.1f s  %s  %s\n", s.clear(), time.Since(s.start).Seconds(),
		s.paint(bold, fmt.Sprintf("%-20s", what)), detail)
}

func (s *screen) console(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.room == 0 {
		return
	}
	s.room--
	const width = 100
	if short := []rune(line); len(short) > width {
		line = string(short[:width-1]) + "…"
	}
	fmt.Fprintf(s.out, "%s         %s\n", s.clear(), s.paint(dim, "| "+line))
}

func (s *screen) progress(books *ledger) {
	tcp, https := books.tcp.figures(), books.https.figures()
	s.mu.Lock()
	defer s.mu.Unlock()
	end := ""
	if !s.live {
		if time.Since(s.shown) < time.Second {
			return
		}
		end = "\n"
	}
	s.shown = time.Now()
	fmt.Fprintf(s.out, "%s%5.1f s  logged %7s   not yet delivered: tcp %7s   https %7s%s", s.clear(),
		time.Since(s.start).Seconds(), grouped(tcp.logged), grouped(tcp.lost), grouped(https.lost), end)
}

// clear removes the progress from a terminal's last line.
func (s *screen) clear() string {
	if s.live {
		return clearLine
	}
	return ""
}

func (s *screen) paint(color, text string) string {
	if !s.live {
		return text
	}
	return color + text + plain
}

var (
	errLost  = errors.New("quickstart: records were lost")
	errEmpty = errors.New("quickstart: nothing was logged")
)

// report prints the table and the last line. It returns errLost if a record is
// missing.
func (s *screen) report(books *ledger) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	const row = "  %-8s %9s %10s %11s %6s %15s %14s\n"
	head := fmt.Sprintf(row, "route", "logged", "delivered", "duplicates", "lost", "largest buffer", "time to drain")
	fmt.Fprintf(s.out, "%s\n%s  %s\n", s.clear(), s.paint(bold, head), strings.Repeat("─", len(head)-3))
	cut := 0
	for _, a := range books.accounts() {
		f := a.figures()
		cut = max(cut, f.cut)
		fmt.Fprintf(s.out, row, a.route, grouped(f.logged), grouped(f.delivered), grouped(f.duplicates),
			grouped(f.lost), size(f.largest), seconds(f.drain))
	}
	if cut > 0 {
		fmt.Fprintf(s.out, "\n  %d more arrived: SIGKILL had cut their log calls short.\n", cut)
	}
	return s.verdict(books.total())
}

// verdict prints the last line, without colour: it is for scripts too.
func (s *screen) verdict(t figures) error {
	fmt.Fprintf(s.out, "\nlogged %d delivered %d lost %d duplicates %d\n", t.logged, t.delivered, t.lost, t.duplicates)
	switch {
	case t.lost > 0:
		return errLost
	case t.logged == 0:
		return errEmpty
	}
	return nil
}

// grouped writes n with a comma between thousands.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func size(bytes int64) string {
	switch {
	case bytes == 0:
		return "–"
	case bytes < 1<<20:
		return fmt.Sprintf("%.0f KiB", float64(bytes)/(1<<10))
	default:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
}

func seconds(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
