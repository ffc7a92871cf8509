package deliver

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/transport"
)

var errDown = errors.New("connection refused")

var errBad = errors.New("field x is not a number")

// fake is a destination that follows a script and remembers everything.
type fake struct {
	desc transport.Description

	mu      sync.Mutex                                 // guards all below, and what reply uses
	reply   func(call int, recs []encode.Record) error // nil: accepts all
	took    time.Duration                              // how long a Send lasts
	sends   []sending
	got     []int // accepted, in the order of acceptance
	running int
	most    int // Sends that ran at one time
	closes  int
	routes  map[string]bool
}

// sending is one Send.
type sending struct {
	at  time.Time
	seq []int
	err error
}

func (f *fake) Describe() transport.Description { return f.desc }

func (f *fake) Send(ctx context.Context, recs []encode.Record) error {
	f.mu.Lock()
	call := len(f.sends)
	s := sending{at: time.Now()}
	for i := range recs {
		s.seq = append(s.seq, seqOf(&recs[i]))
	}
	f.sends = append(f.sends, s)
	f.running++
	f.most = max(f.most, f.running)
	if f.routes == nil {
		f.routes = make(map[string]bool)
	}
	f.routes[RouteOf(ctx)] = true
	f.mu.Unlock()
	defer f.ended() // also if the script panics
	err := f.answer(ctx, call, recs)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sends[call].err = err
	f.accept(s.seq, err)
	return err
}

func (f *fake) ended() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
}

func (f *fake) answer(ctx context.Context, call int, recs []encode.Record) error {
	var took time.Duration
	f.do(func() { took = f.took })
	if took > 0 {
		select {
		case <-time.After(took):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reply == nil {
		return nil
	}
	return f.reply(call, recs)
}

// do runs what looks at or changes a script while Sends may run.
func (f *fake) do(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// mostAtOnce returns how many Sends ran at one time, and counts anew.
func (f *fake) mostAtOnce() (n int) {
	f.do(func() { n, f.most = f.most, 0 })
	return n
}

// accept needs f.mu held.
func (f *fake) accept(seq []int, err error) {
	out := transport.Classify(err, len(seq))
	for i, n := range seq {
		if err == nil || out.Batch != nil && out.Batch.Errs[i] == nil {
			f.got = append(f.got, n)
		}
	}
}

func (f *fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closes++
	return nil
}

// received returns what was accepted so far.
func (f *fake) received() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

func (f *fake) calls() []sending {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.sends)
}

// sizes returns how many records each Send had.
func (f *fake) sizes() []int {
	var n []int
	for _, s := range f.calls() {
		n = append(n, len(s.seq))
	}
	return n
}

// rig is a worker between a buffer in memory and a fake.
type rig struct {
	t      testing.TB
	buf    *buffer.Buffer
	worker *Worker
	opts   Options
	next   int // sequence number of the next record

	mu     sync.Mutex // guards all below
	errs   []error
	graves []grave
}

// grave is one dead letter.
type grave struct {
	seq      int
	reason   string
	answer   error
	attempts int
	first    time.Time
	message  string
	attrs    []slog.Attr
}

// newRig opens a buffer but starts nothing.
func newRig(t testing.TB, tr transport.Transport) *rig {
	r := &rig{t: t, next: 1}
	var reports byte
	buf, err := buffer.Open(nil, "", &buffer.Options{
		Mode:         buffer.Heap,
		MaxBytes:     64 << 20,
		StallTimeout: time.Minute, // this is not what is tested here
		NewID:        func() [16]byte { reports++; return [16]byte{0: 0xff, 1: reports} },
		Meta:         codec.AppendResource(nil, &encode.Resource{Service: "shop"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.buf = buf
	r.opts = Options{Route: "main", Buffer: buf, Transport: tr, OnError: r.onError}
	return r
}

// bury makes the rig keep dead letters.
func (r *rig) bury() {
	r.opts.Dead = func(_ context.Context, d *Dead) error {
		c := d.Record.Clone()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.graves = append(r.graves, grave{seqOf(&c), d.Reason, d.Answer, d.Attempts, d.First, c.Message, c.Attrs})
		return nil
	}
}

func (r *rig) start() { r.worker = Start(&r.opts) }

func (r *rig) onError(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
}

// told counts the errors that are target.
func (r *rig) told(target error) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, err := range r.errs {
		if errors.Is(err, target) {
			n++
		}
	}
	return n
}

func (r *rig) dead() []grave {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.graves)
}

func (r *rig) deadSeqs() []int {
	var seqs []int
	for _, g := range r.dead() {
		seqs = append(seqs, g.seq)
	}
	return seqs
}

// log appends n records and returns the sequence number of the first.
func (r *rig) log(n int) int {
	first := r.next
	for range n {
		r.append(r.next, time.Now(), fmt.Sprintf("record %d", r.next))
		r.next++
	}
	return first
}

func (r *rig) append(seq int, at time.Time, message string) {
	r.t.Helper()
	p := codec.AppendHeader(nil, &codec.Header{ID: idOf(seq), Time: at, Observed: at, Level: slog.LevelInfo, Message: message})
	r.appendRaw(codec.AppendAttr(p, slog.Int("seq", seq)), at)
}

func (r *rig) appendRaw(p []byte, at time.Time) {
	r.t.Helper()
	_, err := r.buf.Append(context.Background(), buffer.Record{Payload: p, Sum: buffer.Sum(p), Level: 2, Time: at.UnixNano()})
	if err != nil {
		r.t.Fatalf("append: %v", err)
	}
}

// close stops the intake, closes the worker with the deadline and then the
// buffer, and returns what the worker's Close returned.
func (r *rig) close(d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	r.buf.Stop()
	err := r.worker.Close(ctx)
	if err := r.buf.Close(); err != nil {
		r.t.Errorf("close buffer: %v", err)
	}
	return err
}

// acked is how many records the cursor has passed.
func (r *rig) acked() int { return int(r.buf.Stats().Acked) }

// dropped is how many records the source counts as lost.
func (r *rig) dropped() int {
	counts := r.buf.Stats().Dropped
	return int(counts.Total())
}

// mustClose closes a rig whose destination works.
func (r *rig) mustClose() {
	r.t.Helper()
	if err := r.close(time.Minute); err != nil {
		r.t.Errorf("Close: %v", err)
	}
}

// bubble runs a test with virtual time on a started rig and closes it.
func bubble(t *testing.T, f *fake, run func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.bury()
		r.start()
		run(r)
		r.mustClose()
	})
}

func idOf(seq int) (id encode.ID) {
	binary.BigEndian.PutUint64(id[8:], uint64(seq))
	return id
}

// seqOf returns a record's sequence number; loss reports have negative ones.
func seqOf(rec *encode.Record) int {
	if rec.ID[0] == 0xff {
		return -int(rec.ID[1])
	}
	return int(binary.BigEndian.Uint64(rec.ID[8:]))
}

// seq returns the numbers from lo to hi, both included.
func seq(lo, hi int) []int {
	var s []int
	for i := lo; i <= hi; i++ {
		s = append(s, i)
	}
	return s
}

// has reports whether one of the records has one of the sequence numbers.
func has(recs []encode.Record, seqs ...int) bool {
	return slices.ContainsFunc(recs, func(r encode.Record) bool { return slices.Contains(seqs, seqOf(&r)) })
}

func wantInts(t testing.TB, what string, got, want []int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, brief(got), brief(want))
	}
}

func brief(s []int) string {
	if len(s) > 40 {
		return fmt.Sprintf("%v … %v (%d)", s[:20], s[len(s)-20:], len(s))
	}
	return fmt.Sprint(s)
}

func wantEqual[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func contextFor(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}
