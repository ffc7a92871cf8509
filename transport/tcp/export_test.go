package tcp

import (
	"time"

	"github.com/slogship/slogship/transport"
)

// SetQuiet replaces the ten seconds after which an idle connection lets go of
// what it holds.
func SetQuiet(tr transport.Transport, d time.Duration) { tr.(*stream).quiet = d }

// Kept returns how many bytes an interrupted Send has left in tr.
func Kept(tr transport.Transport) int {
	t := tr.(*stream)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn == nil {
		return 0
	}
	return len(t.conn.wire.rest)
}

// Settle lets go of what tr holds, as quiet on a connection that is up does.
func Settle(tr transport.Transport) {
	t := tr.(*stream)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.window.settle()
}

// Rest makes tr's last Send that much longer ago.
func Rest(tr transport.Transport, d time.Duration) {
	t := tr.(*stream)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conn.used = t.conn.used.Add(-d)
}

// Age makes tr's connection that much older.
func Age(tr transport.Transport, d time.Duration) {
	t := tr.(*stream)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conn.made = t.conn.made.Add(-d)
}
