package deliver

// refusedInARow is how many records a destination may refuse one after another
// before the fault is looked for there and not in the records.
const refusedInARow = 20

// refusals is the rule that a destination which refuses everything must not
// drain the buffer into the dead letter. It is the worker goroutine's own.
type refusals struct {
	row     int  // records refused since the last one accepted
	holding bool // row reached the limit: nobody is condemned
	told    bool // OnError knows
}

// refuse counts one refusal and reports whether the worker has to hold.
func (r *refusals) refuse() bool {
	r.row++
	r.holding = r.holding || r.row >= refusedInARow
	return r.holding
}

// accept ends the row: a destination that takes one record means its refusals.
func (r *refusals) accept() { *r = refusals{} }
