package deliver

import (
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// I20: a collector whose client gave up after its first minutes had a hole at
// the beginning of each outage. Ours lasts four days, of which the first hour's
// records are the ones in question: all arrive, once and in order.
func TestLongOutage(t *testing.T) {
	f := &fake{reply: func(int, []encode.Record) error { return errDown }}
	bubble(t, f, func(r *rig) {
		for range 4 * 24 {
			r.log(20)
			time.Sleep(time.Hour)
		}
		wantInts(t, "received while it was down", f.received(), nil)
		f.do(func() { f.reply = nil })
		time.Sleep(time.Hour)
		wantInts(t, "received", f.received(), seq(1, 4*24*20))
		wantEqual(t, "dropped", r.dropped(), 0)
		wantEqual(t, "dead", len(r.dead()), 0)
	})
}
