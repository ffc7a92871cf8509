package handler

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/route"
)

// Options configure a handler. Dir or InMemory is required; the zero value of
// every other field is its default.
type Options struct {
	// Dir is where the routes keep their buffers, one directory each, by their
	// names. It is made if it does not exist. StateDir finds a good place. Required
	// without InMemory.
	Dir string

	// Rename has the new names of routes by their old ones. New gives the directory
	// that an earlier process has left under an old name the new one, unless there is
	// a directory of that name: then the old one is unclaimed. It is the same list
	// that Reload takes, for starts in between, and after a process that died during
	// a Reload. A directory that can't be renamed is told to OnError and stays
	// unclaimed. Default: none.
	Rename map[string]string

	// InMemory keeps buffers in memory: what is undelivered dies with the
	// process.
	InMemory bool

	// MaxDisk bounds what this handler keeps in Dir, in bytes: the buffers of
	// all routes together, with what they took over from processes that died;
	// dead letters, at most a sixteenth of it a route; quarantined files, at most
	// an eighth a route; and the directories of routes that no longer exist.
	// Nothing of the last three is dropped for a newer record, so they count up
	// to half of MaxDisk, and what is beyond comes on top. It holds within one
	// segment (at most 16 MiB), but for the first moments after a start with a
	// full Dir: records are taken before all that is there has been counted.
	// Processes that share Dir have a bound each. Default 1 GiB. A route may have
	// a cap of its own below it.
	MaxDisk int64

	// MinFree is the free space that is left on the volume, in bytes: where
	// there is less, records are counted as disk_stalled. Default 64 MiB, or an
	// eighth of a volume of less than 512 MiB; negative: none.
	MinFree int64

	// Resource says who logs. Default: empty, with Host and PID filled in.
	Resource encode.Resource

	// Levels are the levels of the routes that have none of their own (whose
	// Levels are zero), by scope. They can be changed while the program runs,
	// through what is here or by SetLevels. nil: every level.
	Levels *route.ScopeLevels

	// AddSource records the file, line and function of each log call.
	AddSource bool

	// StackFrom is the level from which records carry the stack of the log
	// call. Default ERROR.
	StackFrom slog.Leveler

	// ReplaceAttr is called for every attribute that is not a group, with the
	// groups it stands in, and returns what is logged instead; the zero Attr
	// removes it. Unlike slog's own handlers, it is not called for time, level,
	// message and source, whose names are the encoder's matter. It may be called
	// by many goroutines at a time. Default: none.
	ReplaceAttr func(groups []string, a slog.Attr) slog.Attr

	// Fields is the policy for fields that must not be seen (package crypto): what
	// is sealed, masked, hashed or left out, on the goroutine that logs, before
	// anything of a record is stored. It is that of every route without its own
	// (Route.Fields) and of Next. Records are encoded once for each policy that
	// differs from the others. nil: none.
	Fields *crypto.Policy

	// Keys seal what Fields and the routes' policies say. Rotating them (Rotate,
	// Reload) takes effect with the next record. The caller owns them and closes
	// them after the handler. nil: a policy that seals is an error.
	Keys *crypto.Keyring

	// EncryptBuffers encrypts all that is stored of records in Dir, with Keys: each
	// segment of a buffer with a key of its own, and each dead letter. A volume or
	// a backup that is stolen then shows record ids, levels, times and sizes. What
	// Fields seal is sealed besides. Buffers that were not encrypted are read as
	// before, and encrypted ones also with EncryptBuffers off as long as Keys has
	// their key; without it they stay where they are. While there is no key to seal
	// with, no segment is made, and records are counted as disk_stalled. Not
	// encrypted are CrashReports until they are shipped, and Leftover.
	EncryptBuffers bool

	// HashKey is for policies that hash. nil: such a policy is an error.
	HashKey *crypto.Key

	// Context functions return attributes for the top level of each record,
	// from the log call's ctx. Default: none.
	Context []func(ctx context.Context) []slog.Attr

	// Trace returns the trace that a log call's ctx belongs to. For OpenTelemetry
	// it is FromContext of package transport/otlp/oteltrace. Default: none.
	Trace func(ctx context.Context) encode.Trace

	// Next gets every record that it is enabled for as well: the handler that
	// the service has already. slog's own first one, which writes through the log
	// package, is replaced by one that writes the same lines to where that writes
	// at New: through it, slog.SetDefault would make a loop. Default: none.
	Next slog.Handler

	// Leftover gets, at the end of Close, the records that could not be
	// delivered, as JSON lines: for volumes that will not come back. Records
	// written there without error count as delivered. Default: none.
	Leftover io.Writer

	// CrashReports keeps the runtime's last words (an unrecovered panic, a fatal
	// error, all stacks) in Dir, and ships the first 256 KiB of them as one FATAL
	// record at the next start. It sets the process's only crash output
	// (runtime/debug.SetCrashOutput), so at most one handler may ask for it. Of
	// several processes that share Dir, only the one that started last leaves any.
	CrashReports bool

	// OnError hears of what goes wrong in the background: failed Sends, open
	// breakers, disk errors, panics of the functions above; as a *RouteError
	// where it is about a route. It is called by many goroutines, some of them
	// log calls, and must not block. Default: a line on stderr, at most one a
	// second.
	OnError func(error)
}

const (
	defaultMaxDisk   = 1 << 30
	defaultMaxMemory = 64 << 20 // per route, in memory
)

// withDefaults returns a checked copy of o. It is the only place that knows a
// default.
func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	if c.Dir == "" && !c.InMemory {
		return c, fmt.Errorf(`handler: option Dir "": want a directory, or InMemory: %w`, ErrOptions)
	}
	if c.Dir != "" && c.InMemory {
		return c, fmt.Errorf("handler: option Dir %q: want none with InMemory: %w", c.Dir, ErrOptions)
	}
	if c.CrashReports && c.InMemory {
		return c, fmt.Errorf("handler: option CrashReports true: want a Dir, not InMemory: %w", ErrOptions)
	}
	if c.EncryptBuffers && (c.Keys == nil || c.InMemory) {
		return c, fmt.Errorf("handler: option EncryptBuffers true: want Keys, and a Dir: %w", ErrOptions)
	}
	if c.MaxDisk < 0 || c.MaxDisk > 0 && c.MaxDisk < 1<<20 {
		return c, fmt.Errorf("handler: option MaxDisk %d: want at least 1048576 bytes: %w", c.MaxDisk, ErrOptions)
	}
	if c.MaxDisk == 0 {
		c.MaxDisk = defaultMaxDisk
	}
	if c.StackFrom == nil {
		c.StackFrom = slog.LevelError
	}
	if v, ok := c.StackFrom.(*slog.LevelVar); ok && v == nil {
		return c, fmt.Errorf("handler: option StackFrom %v: want a level, or a LevelVar that is there: %w", v, ErrOptions)
	}
	c.Resource = identify(c.Resource)
	return c, nil
}

// identify fills in what the process knows of itself.
func identify(r encode.Resource) encode.Resource {
	if r.Host == "" {
		r.Host, _ = os.Hostname() // an unknown host is an empty one
	}
	if r.PID == 0 {
		r.PID = os.Getpid()
	}
	return r
}
