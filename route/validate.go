package route

import (
	"errors"
	"fmt"
	"log/slog"
)

// ErrInvalid is wrapped by every error about routes, environments and scope
// levels.
var ErrInvalid = errors.New("invalid route")

// Validate checks the routes against each other and each for itself. It
// returns all errors together, each a *FieldError with the route's name, the
// field, the value and what is allowed. It opens nothing.
func Validate(routes []Route) error {
	var errs []error
	names := make(map[string]bool)
	for i := range routes {
		r := &routes[i]
		if names[r.Name] {
			errs = append(errs, r.bad("Name", r.Name, "a name that no other route has"))
		}
		names[r.Name] = true
		errs = append(errs, r.validate()...)
	}
	for i := range routes {
		if r := &routes[i]; r.DeadLetter != "" && !names[r.DeadLetter] {
			errs = append(errs, r.bad("DeadLetter", r.DeadLetter, "the name of another route"))
		}
	}
	errs = append(errs, deadCycles(routes)...)
	return errors.Join(errs...)
}

func (r *Route) bad(field string, value any, allowed string) error {
	return &FieldError{Route: r.Name, Field: field, Value: fmt.Sprint(value), Allowed: allowed}
}

func (r *Route) validate() []error {
	var errs []error
	check := func(ok bool, field string, value any, allowed string) {
		if !ok {
			errs = append(errs, r.bad(field, value, allowed))
		}
	}
	check(validName(r.Name), "Name", r.Name, wantName)
	check(r.To != nil, "To", r.To, "a destination")
	check(answers(r.Levels.least), "Levels", r.Levels.least, "a lower bound that has a level")
	check(answers(r.Levels.most), "Levels", r.Levels.most, "an upper bound that has a level")
	check(answers(r.Buffer.Keep), "Buffer.Keep", r.Buffer.Keep, "nil or a bound that has a level")
	if matcher := badMatcher(r.Match); matcher != "" { // else nobody asks one of the user's for its text, which may panic
		check(false, "Match", MatcherText(r.Match), matcher)
	}
	check(r.Durability.kind != 1 || r.Durability.interval >= 1e6, "Durability", r.Durability, "an interval of at least 1ms")
	check(r.Buffer.MaxBytes == 0 || r.Buffer.MaxBytes >= 256<<10, "Buffer.MaxBytes", r.Buffer.MaxBytes, "at least 262144 bytes")
	check(r.Buffer.WhenFull <= Block, "Buffer.WhenFull", r.Buffer.WhenFull, "DropOldest, DropNewest or Block")
	check(r.Buffer.BlockTimeout >= 0, "Buffer.BlockTimeout", r.Buffer.BlockTimeout, "0 or more")
	check(r.Buffer.StallTimeout >= 0, "Buffer.StallTimeout", r.Buffer.StallTimeout, "0 or more")
	for _, s := range r.Buffer.Shed {
		check(s.Room >= 0 && s.Room <= 1, "Buffer.Shed.Room", s.Room, "a share from 0 to 1")
	}
	check(r.Batch.MaxRecords >= 0, "Batch.MaxRecords", r.Batch.MaxRecords, "0 or more")
	check(r.Batch.MaxBytes >= 0, "Batch.MaxBytes", r.Batch.MaxBytes, "0 or more bytes")
	check(r.Backoff.InitialInterval >= 0, "Backoff.InitialInterval", r.Backoff.InitialInterval, "0 or more")
	check(r.Backoff.MaxInterval >= 0, "Backoff.MaxInterval", r.Backoff.MaxInterval, "0 or more")
	check(r.Backoff.Multiplier == 0 || r.Backoff.Multiplier >= 1, "Backoff.Multiplier", r.Backoff.Multiplier, "0 or at least 1")
	check(r.SendTimeout >= 0, "SendTimeout", r.SendTimeout, "0 or more")
	check(r.MaxInFlight >= 0, "MaxInFlight", r.MaxInFlight, "0 or more")
	check(r.MaxAge >= 0, "MaxAge", r.MaxAge, "0 or more")
	check(r.OnStale <= Restamp, "OnStale", r.OnStale, "Drop, DeadLetter or Restamp")
	check(r.DrainRate >= 0, "DrainRate", r.DrainRate, "0 or more records/s")
	r.checkOverload(check)
	return errs
}

// answers reports whether l can be asked. A nil *slog.LevelVar, which is what a
// variable that was forgotten looks like, can't: asked for the first time by a
// log call, it would panic there.
func answers(l slog.Leveler) (ok bool) {
	if l == nil {
		return true
	}
	defer func() { _ = recover() }() // ok is still false
	_ = l.Level()
	return true
}

// deadCycles finds routes whose dead letters would come back to them: a record
// that both refuse would go round for ever.
func deadCycles(routes []Route) []error {
	next := make(map[string]string)
	for _, r := range routes {
		next[r.Name] = r.DeadLetter
	}
	var errs []error
	for i := range routes {
		at, steps := routes[i].DeadLetter, 0
		for at != "" && at != routes[i].Name && steps < len(routes) {
			at, steps = next[at], steps+1
		}
		if at == routes[i].Name && at != "" {
			errs = append(errs, routes[i].bad("DeadLetter", routes[i].DeadLetter, "a route whose own dead letters do not come back here"))
		}
	}
	return errs
}
