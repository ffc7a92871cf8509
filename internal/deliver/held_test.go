package deliver

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/transport"
)

// holder is a fake that does not acknowledge: what it took is held until the
// test says that it was read.
type holder struct {
	fake
	unread    int
	polls     []time.Time
	onClose   func()
	panicking bool
}

func (h *holder) Held() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running != 0 {
		panic("Held during a Send")
	}
	h.polls = append(h.polls, time.Now())
	if h.panicking {
		panic("held")
	}
	return h.unread
}

func (h *holder) Close() error {
	if h.onClose != nil {
		h.onClose()
	}
	return h.fake.Close()
}

// holding returns a rig whose transport holds each record it accepts.
func holding(t *testing.T, desc transport.Description) (*rig, *holder) {
	h := &holder{fake: fake{desc: desc}}
	h.reply = func(_ int, recs []encode.Record) error {
		h.unread += len(recs)
		return nil
	}
	r := newRig(t, h)
	r.bury()
	return r, h
}

func TestCursorStaysBehindTheHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := holding(t, transport.Description{MaxRecords: 10})
		r.log(25)
		r.start()
		synctest.Wait()
		wantEqual(t, "sent", len(h.received()), 25)
		wantEqual(t, "acked while all is held", r.acked(), 0)
		wantEqual(t, "held in Stats", r.worker.Stats().Held, 25)
		wantEqual(t, "delivered while held", r.worker.Stats().Delivered, 0)
		h.do(func() { h.unread = 7 })
		time.Sleep(pollHeld)
		synctest.Wait()
		wantEqual(t, "acked to the record", r.acked(), 18)
		h.do(func() { h.unread = 0 })
		time.Sleep(pollHeld)
		synctest.Wait()
		wantEqual(t, "acked", r.acked(), 25)
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 25)
		r.mustClose()
	})
}

func TestHeldIsPolledOncePerSecondAndOnlyWhileThereIsSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := holding(t, transport.Description{})
		r.log(1)
		r.start()
		time.Sleep(10500 * time.Millisecond)
		synctest.Wait()
		wantEqual(t, "polls", len(h.polls), 11) // one after the Send
		h.do(func() { h.unread = 0 })
		time.Sleep(time.Hour)
		synctest.Wait()
		wantEqual(t, "polls at rest", len(h.polls), 12)
		r.mustClose()
	})
}

// breaking takes n records back in the given call.
func breaking(h *holder, call, n int) func(int, []encode.Record) error {
	accept := h.reply
	return func(c int, recs []encode.Record) error {
		if c == call {
			h.unread = 0
			return transport.Resend(errDown, n)
		}
		return accept(c, recs)
	}
}

// Resend rewinds exactly: the newest n, and with them the batch of this Send.
func TestResend(t *testing.T) {
	for _, n := range []int{1, 5, 10, 17, 30} {
		synctest.Test(t, func(t *testing.T) {
			r, h := holding(t, transport.Description{MaxRecords: 10})
			r.log(30)
			r.start()
			synctest.Wait()
			h.do(func() { h.reply = breaking(h, 3, n) })
			r.log(10)
			time.Sleep(time.Minute)
			want := append(seq(1, 30), seq(31-n, 40)...)
			wantInts(t, "received", h.received(), want)
			wantEqual(t, "resent", r.worker.Stats().Resent, uint64(n))
			h.do(func() { h.unread = 0 })
			time.Sleep(time.Minute)
			wantEqual(t, "acked", r.acked(), 40)
			wantEqual(t, "each counted once", r.worker.Stats().Delivered, 40)
			r.mustClose()
		})
	}
}

// More than is held cannot be taken back; it must not take back less either.
func TestResendOfMoreThanWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := holding(t, transport.Description{MaxRecords: 10})
		r.log(10)
		r.start()
		synctest.Wait()
		h.do(func() { h.unread = 4 })
		time.Sleep(2 * pollHeld)
		h.do(func() {
			h.reply = func(call int, recs []encode.Record) error {
				if call == 1 {
					return transport.Resend(errDown, 1000)
				}
				return nil
			}
		})
		r.log(1)
		time.Sleep(time.Minute)
		wantInts(t, "received", h.received(), append(seq(1, 10), seq(7, 11)...))
		h.do(func() { h.unread = 0 })
		r.mustClose()
	})
}

// The batch's own accepted part is the newest of all.
func TestResendWithinABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := holding(t, transport.Description{})
		accept := h.reply
		h.reply = func(call int, recs []encode.Record) error {
			switch call {
			case 0:
				return transport.ErrTooLarge
			case 2:
				return transport.Resend(errDown, 2)
			default:
				return accept(call, recs)
			}
		}
		r.log(8)
		r.start()
		time.Sleep(time.Minute)
		wantInts(t, "received", h.received(), append(seq(1, 4), seq(3, 8)...))
		h.do(func() { h.unread = 0 })
		time.Sleep(time.Minute)
		wantEqual(t, "acked", r.acked(), 8)
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 8)
		r.mustClose()
	})
}

// A rewind also goes over records that are dead or reports: they are decided
// again, and counted once.
func TestResendOverDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := holding(t, transport.Description{})
		accept := h.reply
		again := false
		h.reply = func(call int, recs []encode.Record) error {
			if has(recs, 3) {
				return transport.Permanent(errBad)
			}
			if has(recs, 6) && !again {
				again = true
				h.unread = 0
				return transport.Resend(errDown, 5)
			}
			return accept(call, recs)
		}
		r.log(5)
		r.start()
		synctest.Wait()
		r.log(1)
		time.Sleep(time.Minute)
		h.do(func() { h.unread = 0 })
		time.Sleep(time.Minute)
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 5)
		wantEqual(t, "dead, counted", r.worker.Stats().Dead, 1)
		wantEqual(t, "acked", r.acked(), 6)
		r.mustClose()
	})
}

// An orderly close tells what was read; what is not read stays in the buffer
// and Close says so.
func TestCloseAsksWhatIsHeld(t *testing.T) {
	for _, left := range []int{0, 3} {
		synctest.Test(t, func(t *testing.T) {
			r, h := holding(t, transport.Description{})
			h.onClose = func() { h.do(func() { h.unread = left }) }
			r.log(10)
			r.start()
			start := time.Now()
			err := r.close(time.Minute)
			wantEqual(t, "time to close", time.Since(start), 0)
			wantEqual(t, "Close tells", errors.Is(err, ErrUnacknowledged), left > 0)
			wantEqual(t, "left", int(r.buf.Stats().Records), left)
		})
	}
}

func TestPanickingHeldHoldsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := holding(t, transport.Description{})
		h.panicking = true
		r.log(10)
		r.start()
		time.Sleep(time.Minute)
		wantEqual(t, "acked", r.acked(), 0)
		h.do(func() { h.panicking, h.unread = false, 2 })
		time.Sleep(time.Minute)
		wantEqual(t, "acked", r.acked(), 8)
		h.do(func() { h.unread = 0 })
		r.mustClose()
	})
}

// Records that a BatchError accepts are held like all others: a transport that
// holds has refused some for their content (an encoder's error), or has not come
// to them before its time was up.
func TestRecordsOfABatchErrorAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := holding(t, transport.Description{})
		r.log(5)
		r.start()
		synctest.Wait()
		h.do(func() {
			h.reply = func(_ int, recs []encode.Record) error {
				h.unread += len(recs) - 1
				return batchErr(len(recs), map[int]error{2: transport.Permanent(errBad)})
			}
		})
		r.log(5)
		synctest.Wait()
		wantEqual(t, "acked: 9 are held", r.acked(), 0)
		h.do(func() { h.unread = 1 })
		time.Sleep(2 * pollHeld)
		wantEqual(t, "acked", r.acked(), 9)
		h.do(func() { h.unread = 0 })
		r.mustClose()
	})
}

// A Send that ran out of time had sent a part, and then the connection breaks:
// the part goes again with the rest. The worker that counted only what nil
// accepts took older records instead, and the part was lost.
func TestResendOfAPartOfABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := holding(t, transport.Description{})
		r.log(10)
		r.start()
		synctest.Wait()
		accept := h.reply
		h.do(func() {
			h.unread = 0
			h.reply = func(call int, recs []encode.Record) error {
				switch call {
				case 1:
					h.unread += 6
					return batchErr(len(recs), map[int]error{6: errDown, 7: errDown, 8: errDown, 9: errDown})
				case 2:
					h.unread = 0
					return transport.Resend(errDown, 6)
				default:
					return accept(call, recs)
				}
			}
		})
		r.log(10)
		time.Sleep(time.Minute)
		wantInts(t, "received", h.received(), append(seq(1, 16), seq(11, 20)...))
		h.do(func() { h.unread = 0 })
		r.mustClose()
	})
}

func TestHolderGetsOneSendAtATime(t *testing.T) {
	o := Options{Transport: &holder{fake: fake{desc: transport.Description{MaxInFlight: 8}}}}
	wantEqual(t, "MaxInFlight", o.withDefaults(o.Transport.Describe()).MaxInFlight, 1)
}

// ledgerOf pushes one entry per letter: s sent, d dead.
func ledgerOf(kinds string) *ledger {
	l := new(ledger)
	for _, k := range kinds {
		l.push(entry{sent: k == 's'})
	}
	return l
}

func TestLedgerPops(t *testing.T) {
	tests := []struct {
		kinds string
		held  int
		want  int
	}{
		{"", 0, 0},
		{"sss", 0, 3},
		{"sss", 1, 2},
		{"sss", 3, 0},
		{"sss", 9, 0},
		{"dd", 5, 2},
		{"sdsd", 1, 2},
		{"sdsd", 2, 0},
		{"dsd", 1, 1},
	}
	for _, tt := range tests {
		l := ledgerOf(tt.kinds)
		n := 0
		for {
			if _, ok := l.pop(tt.held); !ok {
				break
			}
			n++
		}
		wantEqual(t, tt.kinds, n, tt.want)
		wantEqual(t, tt.kinds+" left", l.len(), len(tt.kinds)-tt.want)
	}
}

func TestLedgerCuts(t *testing.T) {
	tests := []struct {
		kinds string
		n     int
		left  int
		taken int
	}{
		{"sss", 1, 2, 1},
		{"sss", 3, 0, 3},
		{"sss", 4, 0, 3},
		{"ssdd", 1, 1, 1},
		{"sdsd", 2, 0, 2},
		{"dsd", 1, 1, 1},
		{"dd", 1, 0, 0},
	}
	for _, tt := range tests {
		l := ledgerOf(tt.kinds)
		mark, taken := l.cut(tt.n)
		wantEqual(t, tt.kinds+" taken", taken, tt.taken)
		wantEqual(t, tt.kinds+" left", l.len(), tt.left)
		wantEqual(t, tt.kinds+" mark", mark, buffer.Mark{})
	}
}

// The ledger's memory follows what it holds, not what went through it.
func TestLedgerReusesMemory(t *testing.T) {
	l := new(ledger)
	for range 100_000 {
		l.push(entry{sent: true})
		l.pop(100)
	}
	wantEqual(t, "entries", l.len(), 100)
	if cap(l.entries) > 1000 {
		t.Errorf("capacity %d for 100 entries", cap(l.entries))
	}
}

// What the transport holds of a batch that is not done yet is newer than all
// in the ledger.
func TestHeldPartOfAnUnfinishedBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := holding(t, transport.Description{})
		accept, down := h.reply, true
		h.reply = func(call int, recs []encode.Record) error {
			switch {
			case call == 1:
				return transport.ErrTooLarge
			case down && has(recs, 9):
				h.unread = 3 // 6 and 7 of this batch, and 5
				return errDown
			default:
				return accept(call, recs)
			}
		}
		r.log(5)
		r.start()
		synctest.Wait()
		r.log(4)
		time.Sleep(time.Minute)
		wantEqual(t, "acked", r.acked(), 4)
		h.do(func() { down, h.unread = false, 0 })
		time.Sleep(time.Minute)
		h.do(func() { h.unread = 0 })
		r.mustClose()
	})
}
