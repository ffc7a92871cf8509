package group

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// model is the ledger in its simplest form: each copy of each record that was
// ever sent is one element.
type model struct {
	need    int
	records []*copies   // the group's, as the worker counts them
	sent    [][]*copies // each member's, in its order
}

type copies struct {
	took uint64
	void bool
}

func (m *model) send(n int, took uint64, void bool) {
	for range n {
		c := &copies{took: took, void: void}
		if !void {
			m.records = append(m.records, c)
		}
		for rest := took; rest != 0; rest &= rest - 1 {
			i := bits.TrailingZeros64(rest)
			m.sent[i] = append(m.sent[i], c)
		}
	}
}

// held looks at each record by itself.
func (m *model) held(by []int) int {
	for at, c := range m.records {
		safe := 0
		for rest := c.took; rest != 0; rest &= rest - 1 {
			i := bits.TrailingZeros64(rest)
			mine := m.sent[i]
			if !slices.Contains(mine[len(mine)-min(by[i], len(mine)):], c) {
				safe++
			}
		}
		if safe < m.need {
			return len(m.records) - at
		}
	}
	return 0
}

func (m *model) lost(i, n int) {
	n = min(n, len(m.sent[i]))
	for _, c := range m.sent[i][len(m.sent[i])-n:] {
		c.took &^= 1 << i
	}
	m.sent[i] = m.sent[i][:len(m.sent[i])-n]
}

// collect takes all back from the first record with too few copies.
func (m *model) collect() int {
	for at, c := range m.records {
		if bits.OnesCount64(c.took) < m.need {
			n := len(m.records) - at
			for _, c := range m.records[at:] {
				c.void = true
			}
			m.records = m.records[:at]
			return n
		}
	}
	return 0
}

// The ledger says what the model says, whatever happens to a group of members
// that hold and members that do not.
func TestLedgerIsTheModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		count := 1 + rng.IntN(4)
		need := 1 + rng.IntN(count)
		l := ledger{need: need, holders: rng.Uint64N(1 << count)}
		if !l.on() {
			continue
		}
		m := model{need: need, sent: make([][]*copies, count)}
		by := make([]int, count) // what each member holds
		for step := range 200 {
			switch rng.IntN(6) {
			case 0, 1, 2:
				took, void := rng.Uint64N(1<<count), rng.IntN(5) == 0
				if bits.OnesCount64(took) < need {
					void = true
				}
				n := 1 + rng.IntN(5)
				m.send(n, took, void)
				if void {
					l.waste(n, took)
				} else {
					l.accept(n, took)
				}
				for i := range by {
					if took&l.holders&(1<<i) != 0 {
						by[i] += n
					}
				}
			case 3: // some was read
				for i := range by {
					by[i] -= rng.IntN(by[i] + 1)
				}
			case 4: // a connection broke
				i := rng.IntN(count)
				if l.holders&(1<<i) != 0 {
					n := by[i] - rng.IntN(by[i]+1)*rng.IntN(2) // mostly all
					by[i] -= n
					m.lost(i, n)
					l.lost(i, n, nil)
				}
			default:
				got, _ := l.collect()
				if want := m.collect(); got != want {
					t.Fatalf("step %d: %d records go again, want %d", step, got, want)
				}
			}
			got, want := l.held(slices.Clone(by)), m.held(by)
			if got != want {
				t.Fatalf("step %d: held %d, want %d; %+v", step, got, want, l)
			}
		}
	}
}

// One member in use has one run, however many batches it got.
func TestLedgerStaysSmall(t *testing.T) {
	l := ledger{need: 1, holders: 1}
	for range 10_000 {
		l.accept(1, 1)
	}
	if len(l.runs) != 1 {
		t.Errorf("%d runs", len(l.runs))
	}
	if got := l.held([]int{4000}); got != 4000 {
		t.Errorf("held %d", got)
	}
	l.held([]int{0})
	if len(l.runs) != 0 {
		t.Errorf("%d runs when nothing is held", len(l.runs))
	}
}

func TestMaskUsers(t *testing.T) {
	for text, want := range map[string]string{
		"nothing":                           "nothing",
		"https://logs.example/a":            "https://logs.example/a",
		"dial https://user:pw@logs/a: down": "dial https://xxxxx@logs/a: down",
		"a://u:p/q@h b://x@y":               "a://xxxxx@h b://xxxxx@y",
		`post "amqp://u:p@h"`:               `post "amqp://xxxxx@h"`,
		"a://":                              "a://",
	} {
		if got := maskUsers(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestShownErrorsAreBounded(t *testing.T) {
	long := make([]byte, 4000)
	for i := range long {
		long[i] = "é"[i%2]
	}
	if got := show(&said{"m", errText(long)}); len(got) > shownMost {
		t.Errorf("%d bytes", len(got))
	}
}

type errText string

func (e errText) Error() string { return string(e) }
