package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// printTable writes one row for each destination, what went wrong, and the
// last line, and reports whether all is well.
func printTable(w io.Writer, rows []outcome) (ok bool) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "destination\tserver\tsent\treceived\tlost\tduplicates\trestarts")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d\n",
			r.name, r.version, r.sent, r.verdict.received, r.verdict.lost, r.verdict.duplicates, r.restarts)
	}
	t.Flush()
	ok, lost := len(rows) > 0, 0
	for _, r := range rows {
		lost += r.verdict.lost
		if r.note != "" {
			fmt.Fprintf(w, "%s: %s\n", r.name, r.note)
		}
		if r.err != nil {
			fmt.Fprintf(w, "%s: %v\n", r.name, r.err)
		}
		ok = ok && r.err == nil && r.verdict.lost == 0
	}
	fmt.Fprintf(w, "interop: %d destinations, lost %d\n", len(rows), lost)
	return ok
}
