package encode

import (
	"errors"
	"fmt"
	"strings"
)

// The default names of a record's own fields, in [JSONLines] and [Logfmt]. The
// first five are slog's. The ID is not "id", which is among the most used
// attribute names there are.
const (
	KeyTime       = "time"
	KeyLevel      = "level"
	KeyMessage    = "msg"
	KeySource     = "source"
	KeyObserved   = "observed"
	KeyScope      = "logger"
	KeyStack      = "stack"
	KeyTraceID    = "trace_id"
	KeySpanID     = "span_id"
	KeyTraceFlags = "trace_flags"
	KeyID         = "log_id"
	KeyResource   = "resource"
)

// OmitField, as a name in [Keys], leaves the field out and its name free for
// attributes.
const OmitField = "-"

// Keys names the fields that a record has on its own. An empty name is the
// default, the constant of the same name (KeyTime and so on); [OmitField]
// leaves the field out.
//
// A name that is in use is reserved, whether the record at hand has that field
// or not: an attribute with it, in upper or lower case, is written under the
// name with "#2" after it. So what a name means depends on the options alone,
// and no parser, whether it takes the first or the last of two equal names or
// ignores case as encoding/json does, can be made to read an attribute as the
// record's time, level or ID.
type Keys struct {
	Time       string // default "time"
	Level      string // default "level"
	Message    string // default "msg"
	Source     string // function, file and line, if recorded; default "source"
	Observed   string // when slogship took the record; written only if Time is zero; default "observed"
	Scope      string // logger name, if any; default "logger"
	Stack      string // call stack, if recorded; default "stack"
	TraceID    string // of the W3C trace context, if the record has one; default "trace_id"
	SpanID     string // of the same; default "span_id"
	TraceFlags string // of the same; default "trace_flags"
	ID         string // the record's ID, to drop duplicates by; default "log_id"
	Resource   string // who logged it; default "resource"
}

// ErrKeys is what [Keys.Validate] wraps.
var ErrKeys = errors.New("name cannot be used, or is in use already")

// Validate reports the first name that cannot be used: one that another field has
// already, where bytes that are not UTF-8 count as the U+FFFD that they become;
// one that ends as those do that the encoder makes itself, in "!TRUNCATED" or
// in "#" and digits; and one of more than 1,024 bytes. The error wraps [ErrKeys].
// An encoder with such Keys still writes valid output: it leaves the field out.
func (k *Keys) Validate() error {
	names, _ := k.resolve()
	for i, name := range k.list() {
		if names[i] == "" && name != OmitField {
			return fmt.Errorf("encode: key %q for %s: %w", name, defaultNames[i], ErrKeys)
		}
	}
	return nil
}

// The positions of the fields in a list of names.
const (
	fieldTime = iota
	fieldLevel
	fieldMessage
	fieldSource
	fieldObserved
	fieldScope
	fieldStack
	fieldTraceID
	fieldSpanID
	fieldTraceFlags
	fieldID
	fieldResource
	fieldCount
)

type fieldNames [fieldCount]string

// defaultNames and defaultTaken are never written to.
var (
	defaultNames = fieldNames{
		KeyTime, KeyLevel, KeyMessage, KeySource, KeyObserved, KeyScope, KeyStack,
		KeyTraceID, KeySpanID, KeyTraceFlags, KeyID, KeyResource,
	}
	defaultTaken = reserved(defaultNames[:]).taken()
)

// isDefault reports whether no name is set, in a few instructions: comparing
// with Keys{} takes a call for each string.
func (k *Keys) isDefault() bool {
	return len(k.Time)|len(k.Level)|len(k.Message)|len(k.Source)|len(k.Observed)|len(k.Scope)|
		len(k.Stack)|len(k.TraceID)|len(k.SpanID)|len(k.TraceFlags)|len(k.ID)|len(k.Resource) == 0
}

// list returns the names as they are asked for, with the defaults filled in.
func (k *Keys) list() fieldNames {
	names := fieldNames{
		k.Time, k.Level, k.Message, k.Source, k.Observed, k.Scope, k.Stack,
		k.TraceID, k.SpanID, k.TraceFlags, k.ID, k.Resource,
	}
	for i := range names {
		if names[i] == "" {
			names[i] = defaultNames[i]
		}
	}
	return names
}

// resolve returns the names to write, "" for a field that is left out, and the
// set of them. An encoder has no constructor to do this once in, and it costs
// about as much as one attribute, for changed names only.
func (k *Keys) resolve() (fieldNames, nameSet) {
	names := k.list()
	var set nameSet
	for i, name := range names {
		if name == OmitField || len(name) > maxKeyLen || strings.HasSuffix(name, truncated) || numbered(name) {
			names[i] = ""
			continue
		}
		// The filter knows equal bytes only, and what is not UTF-8 is written alike.
		if (set.add(name) || plainLen(name) < len(name)) && names.indexBefore(i) >= 0 {
			names[i] = ""
		}
	}
	set.add(truncated)
	return names, set
}

// dropOdd leaves out fields whose name is not one word of plain ASCII, for
// formats that would have to write it changed, and those whose name is one that
// the resource's fields have in a format without objects.
func (n *fieldNames) dropOdd() {
	in := n[fieldResource] + "."
	for i, name := range n {
		if !isWord(name) || in != "." && strings.HasPrefix(name, in) {
			n[i] = ""
		}
	}
}

// indexBefore returns the position before i of a name that is written as the
// one at i is, or -1.
func (n *fieldNames) indexBefore(i int) int {
	for j := range i {
		if sameName(n[j], n[i]) {
			return j
		}
	}
	return -1
}

// reserved is the names that attributes of one object may not have as they are.
type reserved []string

// has reports whether key is one of n to some parser: case does not matter, nor
// do the Unicode characters that fold to ASCII letters, since Go's own JSON
// decoder ignores both. An omitted field, "", equals no key but the empty one.
func (n reserved) has(key string) bool {
	for _, name := range n {
		if name != "" && strings.EqualFold(name, key) {
			return true
		}
	}
	return false
}

// hasPlain is has for a key of plain ASCII, which is in the way of names of the
// same length only.
func (n reserved) hasPlain(key string) bool {
	for _, name := range n {
		if len(name) == len(key) && strings.EqualFold(name, key) {
			return true
		}
	}
	return false
}

// taken returns the filter that an object with the fields n starts with.
func (n reserved) taken() (set nameSet) {
	for _, name := range n {
		set.add(name)
	}
	set.add(truncated)
	return set
}
