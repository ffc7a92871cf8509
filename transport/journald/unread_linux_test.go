package journald

import (
	"math/rand/v2"
	"testing"
	"time"
)

// However the kernel counts, as long as it is at least a datagram's length and
// leastCost, no unread record is let go; and what was read long ago is.
func TestUnread(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for range 200 {
		var u unread
		var queue []int // what each unread record costs, the oldest first
		cost, sent, read := 0, 0, 0
		now := time.Unix(1, 0)
		readAt := map[int]time.Time{} // when so many had been read
		for range 500 {
			if n := rnd.IntN(60_000); rnd.IntN(2) == 0 && cost+2*n+1024 <= 2*sendBuffer {
				queue = append(queue, n+leastCost+rnd.IntN(n+512))
				cost += queue[len(queue)-1]
				u.add(n)
				sent++
			} else if len(queue) > 0 {
				cost -= queue[0]
				queue = queue[1:]
				read++
				readAt[read] = now
			}
			now = now.Add(time.Duration(rnd.IntN(300)) * time.Millisecond)
			u.pass(now, cost)
			free := sent - u.held()
			if free > read || free > 0 && now.Sub(readAt[free]) < grace {
				t.Fatalf("%d let go of %d read, the last %v ago", free, read, now.Sub(readAt[free]))
			}
		}
		for range 3 {
			now = now.Add(grace)
			u.pass(now, 0)
		}
		if u.held() != 0 {
			t.Fatalf("held %d although all was read", u.held())
		}
	}
}

// The least that a datagram costs, on the kernel at hand.
func TestLeastCost(t *testing.T) {
	tr, conn := pair(t)
	for sent := 1; sent <= 5; sent++ {
		if _, err := tr.conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if n, err := queued(tr.conn); err != nil || n < sent*leastCost {
			t.Errorf("%d datagrams cost %d bytes, %v", sent, n, err)
		}
	}
	for range 5 {
		conn.Read(make([]byte, 10))
	}
	if n, err := queued(tr.conn); err != nil || n != 0 {
		t.Errorf("%d bytes wait although all was read, %v", n, err)
	}
}
