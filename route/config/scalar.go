package config

import (
	"encoding"
	"io/fs"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/route"
)

const wantLevel = "TRACE, DEBUG, INFO, NOTICE, WARN, ERROR or FATAL, with an offset if need be (INFO+1), or a number"

// levelNames are what a mistyped level is compared with. Never written to.
var levelNames = []string{"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "FATAL"}

// scalar sets v from a scalar.
func (d *decoder) scalar(n *yaml.Node, key string, f *Field, v reflect.Value) {
	d.scalarAs(n, key, f, v, "")
}

// scalarAs is scalar with another text for what is allowed; "": that of the kind.
func (d *decoder) scalarAs(n *yaml.Node, key string, f *Field, v reflect.Value, allowed string) {
	if n.Kind != yaml.ScalarNode || isNull(n) && !namesNull(n, f) {
		if allowed == "" {
			allowed = wantOf(f)
		}
		d.want(n, key, f.Secret, allowed)
		return
	}
	text, known := d.expand(n, key, f.Secret)
	if !known {
		return
	}
	if bad, near := setText(v, f, text); bad != "" {
		if allowed == "" {
			allowed = bad
		}
		d.want(n, key, f.Secret, allowed, near...)
	}
}

// namesNull reports whether null is meant as the name it is, as in "framing: null":
// nobody thinks of quotes there.
func namesNull(n *yaml.Node, f *Field) bool {
	return f.Kind == Name && n.Value == "null" && slices.Contains(f.Values, "null")
}

// wantOf says what a field of this kind takes.
func wantOf(f *Field) string {
	switch f.Kind {
	case Bool:
		return "true or false"
	case Integer:
		return "a whole number"
	case Number:
		return wantNumber
	case Size:
		return wantSize
	case Duration:
		return wantDuration
	case Name:
		return "one of " + list(f.Values)
	case Level:
		return wantLevel
	case FileMode:
		return "permissions in octal, such as 0640"
	default:
		return "a text"
	}
}

// setText sets v from the text of a scalar. bad is "", or what is allowed; near
// are the names that a mistyped one may be meant as.
func setText(v reflect.Value, f *Field, text string) (bad string, near []string) {
	if t, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok && f.Kind == Name {
		if t.UnmarshalText([]byte(text)) != nil {
			return wantOf(f), f.Values
		}
		return "", nil
	}
	ok := true
	switch f.Kind {
	case Text:
		v.SetString(text)
	case Bool:
		// Not yes, no, on and off, which YAML 1.1 took for booleans as well: a
		// country code NO would be one.
		v.SetBool(text == "true")
		ok = text == "true" || text == "false"
	case Integer:
		return setInteger(v, text), nil
	case Number:
		var number float64
		number, ok = parseNumber(text)
		v.SetFloat(number)
	case Size:
		var size int64
		if size, ok = parseSize(text); ok && !overflows(v, size) {
			setInt(v, size)
			return "", nil
		}
		ok = false
	case Duration:
		duration, fine := parseDuration(text)
		v.SetInt(int64(duration))
		ok = fine
	case Name:
		ok = setName(v, f, text)
	case Level:
		level, err := route.ParseLevel(text)
		if err != nil {
			return wantLevel, levelNames
		}
		v.Set(reflect.ValueOf(level))
	case FileMode:
		mode, err := strconv.ParseUint(strings.TrimPrefix(text, "0o"), 8, 32)
		v.SetUint(mode & uint64(fs.ModePerm))
		ok = err == nil && mode <= uint64(fs.ModePerm)
	}
	if !ok {
		return wantOf(f), f.Values
	}
	return "", nil
}

// setName sets v to the value of this name, in any case and with any marks
// between its words: octet_counted, OctetCounted, octet-counted.
func setName(v reflect.Value, f *Field, text string) bool {
	for n, name := range namedValues(f.typ()) {
		if plain(name) == plain(text) && plain(text) != "" {
			v.SetUint(uint64(n))
			return true
		}
	}
	return false
}

// typ is the field's type without the pointer.
func (f *Field) typ() reflect.Type {
	if f.Type.Kind() == reflect.Pointer {
		return f.Type.Elem()
	}
	return f.Type
}

// setInteger reads decimals alone. YAML 1.1 reads 0640 as 416 and 1:30 as 90, and
// not every reader of YAML does; no number of this library is meant so.
func setInteger(v reflect.Value, text string) (bad string) {
	n, err := strconv.ParseInt(strings.TrimPrefix(text, "+"), 10, 64)
	switch {
	case err != nil:
		return "a whole number"
	case overflows(v, n):
		return badNumber(v.Type().Bits())
	}
	setInt(v, n)
	return ""
}

// overflows and setInt are reflect's for either sort of integers.
func overflows(v reflect.Value, n int64) bool {
	if v.CanUint() {
		return n < 0 || v.OverflowUint(uint64(n))
	}
	return v.OverflowInt(n)
}

// setInt sets v to n, which fits.
func setInt(v reflect.Value, n int64) {
	if v.CanUint() {
		v.SetUint(uint64(n))
		return
	}
	v.SetInt(n)
}
