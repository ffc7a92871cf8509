package config

import (
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Waiting returns the keys of logging whose values are not those of started, and
// which a handler that runs can't take over: those of buffer and sealing, and the
// fields of handler.Options, as "logging.buffer.max_disk". [Config.Apply] leaves
// them to the next start of the program. nil: there are none. Values are compared
// as they were decoded, with what they refer to: another way to write the same
// size is no change, another value of a variable is.
//
// Not among them are what is in the file of hash_key_file, which nobody reads
// until then, and the content of keys_file, which Apply reads again.
func (c *Config) Waiting(started *Config) []string {
	keys := changed("logging", OptionFields(), reflect.ValueOf(c.handler), reflect.ValueOf(started.handler))
	if c.handler.InMemory != started.handler.InMemory {
		keys = append(keys, "logging.buffer") // the key itself has come or gone
	} else {
		keys = append(keys, changed("logging.buffer", BufferFields(), c.bufferKeys(), started.bufferKeys())...)
	}
	return append(keys, changed("logging.sealing", SealingFields(), reflect.ValueOf(c.sealing), reflect.ValueOf(started.sealing))...)
}

// bufferKeys are what the key buffer was decoded to.
func (c *Config) bufferKeys() reflect.Value {
	o := &c.handler
	return reflect.ValueOf(bufferKeys{Dir: o.Dir, MaxDisk: o.MaxDisk, MinFree: o.MinFree})
}

// changed returns the paths of fields that differ in two structs of a type.
func changed(path string, fields []Field, a, b reflect.Value) []string {
	var keys []string
	for i := range fields {
		f := &fields[i]
		x, y, key := a.Field(f.index), b.Field(f.index), path+"."+f.Key
		switch {
		case f.Kind == Unreachable: // no file has set it
		case f.Kind == Struct && f.Type.Kind() == reflect.Struct:
			keys = append(keys, changed(key, f.Fields, x, y)...)
		case !equalValues(x, y):
			keys = append(keys, key)
		}
	}
	return keys
}

// equalValues is reflect.DeepEqual but for attributes: a slog.Value keeps a
// string as a pointer to its first byte, and that is all that reflect would
// compare.
func equalValues(a, b reflect.Value) bool {
	if attrs, ok := a.Interface().([]slog.Attr); ok {
		return slices.EqualFunc(attrs, b.Interface().([]slog.Attr), slog.Attr.Equal)
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// lineage is what the Configs of one file have in common, each of which was made
// by Reread of another: what the handler began with. A handler can't say it, as
// half of its options are no file's.
type lineage struct {
	mu      sync.Mutex
	started *Config // guarded by mu; what was loaded first, or opened last
	applied *Config // guarded by mu; in force since
}

// start notes that a handler began with c.
func (l *lineage) start(c *Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.started, l.applied = c, c
}

// apply notes that c is in force, and returns what of it waits for the next start
// and did not before. What goes back to what it was waits for nothing.
func (l *lineage) apply(c *Config) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	fresh := c.Waiting(l.applied)
	l.applied = c
	return slices.DeleteFunc(c.Waiting(l.started), func(key string) bool { return !slices.ContainsFunc(fresh, touches(key)) })
}

// touches reports whether a key is the same one, or above or below it: buffer has
// come, and then its max_disk has changed.
func touches(key string) func(string) bool {
	return func(other string) bool {
		return key == other || strings.HasPrefix(key, other+".") || strings.HasPrefix(other, key+".")
	}
}

// waits is the notice about keys that wait.
func (c *Config) waits(keys []string) string {
	return "config: " + c.file + ": changed, and in force with the next start of the program only: " + strings.Join(keys, ", ")
}
