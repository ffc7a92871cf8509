package journald

import "time"

// grace is how long a record stays held after journald was seen to have read it:
// for what journald does with it before it is in the journal.
const grace = 500 * time.Millisecond

const (
	// sendBuffer is what is asked of the kernel, which doubles it. It bounds how
	// much can be unread, and so how many lengths have to be remembered.
	sendBuffer = 104 << 10

	// leastCost is less than what any datagram, also an empty one, counts
	// against the sender's buffer: the kernel's own structures alone are more.
	leastCost = 256

	maxUnread = 2 * sendBuffer / leastCost
)

// unread counts the newest records that journald may not have written yet. The
// kernel says how many bytes of ours have not been read; the newest records make
// up no more than that, and it counts for each at least its length.
type unread struct {
	lens  [maxUnread]int32 // of the newest records, by their number modulo maxUnread
	total int              // records sent on this socket
	read  int              // of them had been read, at
	at    time.Time
	free  int // of them are let go
}

// add counts a record of so many bytes.
func (u *unread) add(n int) {
	u.lens[u.total%maxUnread] = int32(max(n, leastCost))
	u.total++
}

func (u *unread) held() int { return u.total - u.free }

// pass takes note that at most so many bytes are unread now, and lets go of what
// was read a while ago. It does so in steps of grace, and with what it noted a
// step before, rather than keep a time for each record.
func (u *unread) pass(now time.Time, waiting int) {
	if now.Sub(u.at) < grace {
		return
	}
	u.free, u.read, u.at = u.read, u.total-u.count(waiting), now
}

// count is how many of the newest records are in waiting bytes at the most.
func (u *unread) count(waiting int) int {
	most := min(u.total, maxUnread)
	for n := range most {
		if waiting -= int(u.lens[(u.total-1-n)%maxUnread]); waiting < 0 {
			return n
		}
	}
	return most
}

// reset starts a new socket and returns what was held on the old one.
func (u *unread) reset() int {
	held := u.held()
	u.total, u.read, u.free, u.at = 0, 0, 0, time.Time{}
	return held
}
