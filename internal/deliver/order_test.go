package deliver

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/internal/buffer"
)

// ordered is a source that remembers in which order losses were counted and
// records let go of. The worker's goroutine alone calls it.
type ordered struct {
	Source
	did []string
}

func (o *ordered) Lose(r buffer.Reason, level uint8, id [16]byte, at int64) {
	o.did = append(o.did, "lose")
	o.Source.Lose(r, level, id, at)
}

func (o *ordered) Ack(m buffer.Mark) {
	o.did = append(o.did, "ack")
	o.Source.Ack(m)
}

// T10, T46: a process may die between the two calls. Counted first, a loss is
// reported twice at worst; let go of first, nobody would ever hear of it.
func TestLossIsCountedBeforeTheAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{reply: refuse(func(int) bool { return true })}
		r := newRig(t, f)
		source := &ordered{Source: r.opts.Buffer}
		r.opts.Buffer = source
		r.log(1)
		r.opts.MaxAge = time.Minute // a lone refusal: it is held, then too old
		r.start()
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(source.did) < 2 || source.did[0] != "lose" || source.did[1] != "ack" {
			t.Errorf("%q, want the loss before the ack", source.did)
		}
		_ = r.close(time.Minute) // the report is refused, too
	})
}
