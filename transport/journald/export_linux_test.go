package journald

import (
	"time"

	"github.com/slogship/slogship/transport"
)

// SetPatience replaces how long Close waits.
func SetPatience(tr transport.Transport, d time.Duration) { tr.(*sender).patience = d }
