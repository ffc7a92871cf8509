package udp_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/udp"
)

// assembler puts messages together as Graylog does, by the text of the format and
// not by the package's code.
type assembler struct {
	t      testing.TB
	mu     sync.Mutex                // receive calls take on its goroutine
	chunks map[uint64]map[int]string // guarded by mu
	sizes  []int                     // guarded by mu; of all datagrams
	ids    []uint64                  // guarded by mu; of complete chunked messages
	done   func(message string)      // called with mu held
}

func (a *assembler) take(s string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sizes = append(a.sizes, len(s))
	if !strings.HasPrefix(s, "\x1e\x0f") {
		a.done(s)
		return
	}
	id := binary.BigEndian.Uint64([]byte(s[2:10]))
	seq, count := int(s[10]), int(s[11])
	if count > 128 || count < 2 || seq >= count || len(s) == 12 {
		a.t.Errorf("chunk %d of %d with %d bytes", seq, count, len(s))
		return
	}
	if a.chunks == nil {
		a.chunks = make(map[uint64]map[int]string)
	}
	if a.chunks[id] == nil {
		a.chunks[id] = make(map[int]string)
	}
	a.chunks[id][seq] = s[12:]
	if len(a.chunks[id]) < count {
		return
	}
	var whole strings.Builder
	for i := range count {
		whole.WriteString(a.chunks[id][i])
	}
	delete(a.chunks, id)
	a.ids = append(a.ids, id)
	a.done(whole.String())
}

func startAssembler(t *testing.T, in *inbox) (addr string, a *assembler) {
	a = &assembler{t: t, done: in.take}
	conn := listen(t, "udp", "127.0.0.1:0")
	testkit.Datagrams(t, conn, a.take)
	return conn.LocalAddr().String(), a
}

// Records around each border: one datagram, two chunks, all 128 of them, and one
// byte more, which is refused for good and alone, or cut.
func TestChunks(t *testing.T) {
	const size, piece = 100, 100 - 12
	message := func(n int) string { return strings.Repeat("abcdefg", n/7+1)[:n] }
	for _, tt := range []struct {
		length, chunks int // chunks 0: one datagram without a header
	}{
		{1, 0}, {size - 1, 0}, {size, 0}, {size + 1, 2}, {2 * piece, 2}, {2*piece + 1, 3}, {127*piece + 1, 128}, {128 * piece, 128},
	} {
		in := newInbox()
		addr, a := startAssembler(t, in)
		tr := open(t, udp.Destination{Addr: addr, MaxDatagram: size, Chunks: udp.GELF})
		if err := tr.Send(t.Context(), records(message(tt.length), "next")); err != nil {
			t.Fatal(err)
		}
		in.wait(t, "both", func() bool { return in.seen[message(tt.length)] && in.seen["next"] })
		a.mu.Lock()
		if got, want := len(a.sizes), max(tt.chunks, 1)+1; got != want {
			t.Errorf("%d bytes: %d datagrams, want %d", tt.length, got, want)
		}
		for _, n := range a.sizes {
			if n > size {
				t.Errorf("%d bytes: a datagram of %d", tt.length, n)
			}
		}
		a.mu.Unlock()
	}
}

func TestChunksOversize(t *testing.T) {
	const size, most = 100, 128 * (100 - 12)
	long := strings.Repeat("x", most+1)
	in := newInbox()
	addr, _ := startAssembler(t, in)
	tr := open(t, udp.Destination{Addr: addr, MaxDatagram: size, Chunks: udp.GELF})
	err := tr.Send(t.Context(), records("a", long, "b"))
	out := transport.Classify(err, 3)
	if out.Batch == nil || out.Batch.Errs[0] != nil || out.Batch.Errs[2] != nil ||
		!transport.Classify(out.Batch.Errs[1], 1).Permanent || !errors.Is(out.Batch.Errs[1], udp.ErrOversize) {
		t.Errorf("got %v", err)
	}
	in.wait(t, "both others", func() bool { return in.seen["a"] && in.seen["b"] })

	tr = open(t, udp.Destination{Addr: addr, MaxDatagram: size, Chunks: udp.GELF, Oversize: udp.Truncate})
	if err := tr.Send(t.Context(), records(long)); err != nil {
		t.Error(err)
	}
	in.wait(t, "what fits", func() bool { return in.seen[long[:most]] })
}

// The id that chunks are put together by is the record's own: the same when it is
// sent again, and different for each record.
func TestChunksID(t *testing.T) {
	in := newInbox()
	addr, a := startAssembler(t, in)
	tr := open(t, udp.Destination{Addr: addr, MaxDatagram: 64, Chunks: udp.GELF})
	recs := records(strings.Repeat("a", 200), strings.Repeat("b", 200), strings.Repeat("c", 200))
	recs[0].ID, recs[1].ID = encode.ID{15: 1}, encode.ID{15: 2} // the third has none
	for i := range 2 {
		if err := tr.Send(t.Context(), recs); err != nil {
			t.Fatal(err)
		}
		in.wait(t, "three messages more", func() bool { return len(in.all) == 3*(i+1) })
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	first, again := a.ids[:3], a.ids[3:]
	slices.Sort(first) // in whatever order they arrived
	slices.Sort(again)
	if first[0] != 1 || first[1] != 2 || first[2] < 3 || again[0] != 1 || again[1] != 2 || again[2] == first[2] {
		t.Errorf("ids %d", a.ids)
	}
}

// GELF itself: long records and short ones arrive as JSON, each whole, with the
// default sizes. All of it fits a receive buffer: nobody waits for the receiver.
func TestChunksGELF(t *testing.T) {
	in := newInbox()
	addr, a := startAssembler(t, in)
	tr := open(t, udp.Destination{Addr: addr, Chunks: udp.GELF, Encoder: encode.GELF{}})
	var ids encode.IDSource
	recs := records("short", strings.Repeat("long ", 6_000), "short again")
	for i := range recs {
		recs[i].ID = ids.Next(recs[i].Time)
		recs[i].Attrs = []slog.Attr{slog.String("v", strings.Repeat("\x1e\x0f", i*500))}
	}
	if err := tr.Send(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	in.wait(t, "three messages", func() bool { return len(in.all) == 3 })
	for _, s := range in.all {
		var got struct {
			ID    string `json:"_log_id"`
			Short string `json:"short_message"`
			V     string `json:"_v"`
		}
		err := json.Unmarshal([]byte(s), &got)
		i := slices.IndexFunc(recs, func(r encode.Record) bool { return r.ID.String() == got.ID })
		if err != nil || i < 0 ||
			got.Short != recs[i].Message || got.V != recs[i].Attrs[0].Value.String() {
			t.Errorf("message %d: %v, %.100s", i, err, s)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range a.sizes {
		if n > 8192 {
			t.Errorf("a datagram of %d", n)
		}
	}
}

func TestChunksConfig(t *testing.T) {
	for _, d := range []udp.Destination{
		{Addr: "127.0.0.1:1", Chunks: 2},
		{Addr: "127.0.0.1:1", Chunks: udp.GELF, MaxDatagram: 12},
		{Addr: "/tmp/x", Network: "unixgram", Chunks: udp.GELF},
	} {
		if _, err := d.Open(); !errors.Is(err, udp.ErrConfig) {
			t.Errorf("%+v: %v", d, err)
		}
	}
	for c, want := range map[udp.Chunking]string{udp.NoChunks: "NoChunks", udp.GELF: "GELF", 7: "Chunking(7)"} {
		if c.String() != want {
			t.Errorf("%q, want %q", c, want)
		}
	}
}
