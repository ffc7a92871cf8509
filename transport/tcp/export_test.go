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
