package handler

import (
	"log/slog"
	"math/bits"
	"slices"

	"github.com/slogship/slogship/internal/match"
)

// plan is the steps that may take a level, in their order. Where several ask
// one attribute for a value, an index by value says which of them can take the
// record: ten routes of ten tenants cost a call one look-up and not ten
// comparisons. Immutable.
type plan struct {
	steps []*step
	plain bool        // no step asks anything: each takes the record
	index *valueIndex // nil: none, or too many steps for a word's bits
}

// valueIndex knows steps by the value that they want at one path. A step is a
// bit, by its place in the plan.
type valueIndex struct {
	slot   int    // of the path
	member uint64 // the steps that are in the index
	shift  uint   // of the hash, to an index of cells
	cells  []cell // a power of two of them, at least half empty
}

// cell is a value and the steps that want it; none: the cell is empty.
type cell struct {
	want  match.Want
	steps uint64
}

// minIndexed is how many steps are worth an index.
const minIndexed = 3

func newPlan(steps []*step) *plan {
	p := &plan{steps: steps, plain: !slices.ContainsFunc(steps, (*step).asks)}
	if len(steps) > 64 {
		return p
	}
	count := make(map[int]int)
	most := -1
	for _, s := range steps {
		if s.indexable() {
			count[s.match.slot]++
			if most < 0 || count[s.match.slot] > count[most] {
				most = s.match.slot
			}
		}
	}
	if most >= 0 && count[most] >= minIndexed {
		p.index = newValueIndex(steps, most)
	}
	return p
}

// asks reports whether s looks at more than the level, or at what other steps did.
func (s *step) asks() bool {
	return s.dynamic || s.match != nil || s.admission != nil || s.fallback || s.final
}

func (s *step) indexable() bool { return s.match != nil && s.match.op == match.Equals }

func newValueIndex(steps []*step, slot int) *valueIndex {
	x := &valueIndex{slot: slot}
	values := 0
	for i, s := range steps {
		if s.indexable() && s.match.slot == slot {
			x.member |= 1 << i
			values += len(s.match.node.Set)
		}
	}
	size := bits.Len(uint(2 * values)) // 1 << size is above twice the values
	x.shift, x.cells = uint(64-size), make([]cell, 1<<size)
	for i, s := range steps {
		if x.member&(1<<i) != 0 {
			for _, w := range s.match.node.Set {
				c := x.cell(w.Print, w.Value)
				c.want = w
				c.steps |= 1 << i
			}
		}
	}
	return x
}

// cell returns the cell of v, whose print is p, or the empty one where it would
// be.
func (x *valueIndex) cell(p match.Print, v slog.Value) *cell {
	for i := p.Hash() >> x.shift; ; i = (i + 1) & uint64(len(x.cells)-1) {
		if c := &x.cells[i]; c.steps == 0 || c.want.Equals(p, v) {
			return c
		}
	}
}

// narrow returns the steps of todo that can take a record with f at the path:
// those that the index does not know, and those that want f.
func (x *valueIndex) narrow(todo uint64, f *found) uint64 {
	left := todo &^ x.member
	if f.state == present {
		left |= todo & x.cell(f.print, f.value).steps
	}
	return left
}
