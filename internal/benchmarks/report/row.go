package main

import "fmt"

// row is one figure of DESIGN §6 with its budget.
type row struct {
	what    string
	got     float64
	budget  float64
	unit    string
	atLeast bool   // the budget is a floor, not a ceiling
	note    string // the two sides of a ratio, or what else a reader wants
}

func (r row) ok() bool {
	if r.atLeast {
		return r.got >= r.budget
	}
	return r.got <= r.budget
}

func (r row) String() string {
	sign, verdict := "≤", "ok"
	if r.atLeast {
		sign = "≥"
	}
	if !r.ok() {
		verdict = "MISSED"
	}
	return fmt.Sprintf("| %s | %.4g %s | %s %.7g %s | %s | %s |", r.what, r.got, r.unit, sign, r.budget, r.unit, verdict, r.note)
}

// ratio is the row of ours against a peer, both in nanoseconds.
func ratio(what string, ours, peer, budget float64) row {
	return row{what: what, got: ours / peer, budget: budget, unit: "×", note: fmt.Sprintf("%.4g ns / %.4g ns", ours, peer)}
}

// faster is how many times ours is faster than the peer.
func faster(what string, ours, peer, budget float64) row {
	r := ratio(what, peer, ours, budget)
	r.atLeast = true
	return r
}
