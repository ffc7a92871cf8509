package main

import (
	"fmt"
	"strings"
)

// writer is a page in Markdown.
type writer struct{ strings.Builder }

func (w *writer) heading(level int, text string) {
	fmt.Fprintf(w, "\n%s %s\n\n", strings.Repeat("#", level), text)
}

func (w *writer) para(format string, args ...any) { fmt.Fprintf(w, format+"\n\n", args...) }

// table writes the head of a table.
func (w *writer) table(columns ...string) {
	w.row(columns...)
	w.WriteString(strings.Repeat("|---", len(columns)) + "|\n")
}

func (w *writer) row(cells ...string) {
	for _, c := range cells {
		w.WriteString("| " + cell(c) + " ")
	}
	w.WriteString("|\n")
}

// cell is text that may stand in a table. Within code < is no tag's, but a table
// ends at any |.
func cell(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i > 0 {
			b.WriteByte('`')
		}
		if i%2 == 0 {
			part = strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`).Replace(part)
		}
		b.WriteString(strings.ReplaceAll(part, "|", `\|`))
	}
	return b.String()
}

// options writes the table of a section's options, and then what a file can't
// set.
func (w *writer) options(s *section) {
	if len(s.options) > 0 {
		w.table("key", "value", "default", "meaning")
	}
	for _, o := range s.options {
		fallback := o.fallback
		if o.required {
			fallback = "required"
		}
		w.row("`"+o.key+"`", o.form, fallback, o.meaning)
	}
	w.WriteString("\n")
	if len(s.closed) == 0 {
		return
	}
	w.para("Not from a file:")
	for _, o := range s.closed {
		fmt.Fprintf(w, "- `%s` is %s. Default: %s.\n", o.goName, o.why, cell(o.fallback))
	}
	w.WriteString("\n")
}
