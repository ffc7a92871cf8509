// Package deadline lets a ctx end the writes of a connection that lives on.
package deadline

import (
	"context"
	"net"
	"time"
)

// Writes makes conn's writes end with ctx, until end is called: they then fail
// with os.ErrDeadlineExceeded, and so does every write until the next Writes.
func Writes(ctx context.Context, conn net.Conn) (end func()) {
	conn.SetWriteDeadline(time.Time{})
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		conn.SetWriteDeadline(time.Unix(1, 0))
		close(fired)
	})
	return func() {
		if !stop() {
			<-fired // or it would end the writes of whoever uses conn next
		}
	}
}
