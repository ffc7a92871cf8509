package group

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
)

// Defaults.
const (
	DefaultHeartbeatInterval = 5 * time.Second
	DefaultStableAfter       = 15 * time.Second
	DefaultSyncTimeout       = 10 * time.Second
)

const (
	// MaxMembers is how many members a group may have.
	MaxMembers = 64
	// MaxDepth is how deep groups may be nested.
	MaxDepth = 16
)

// ErrConfig is in the chain of every error of Open that is about a field.
var ErrConfig = option.ErrConfig

// options are the fields that all groups have.
type options struct {
	Members           []transport.Destination
	Names             []string
	HeartbeatInterval time.Duration
	StableAfter       time.Duration
}

// withDefaults is the one place where these fields are checked and defaults
// applied. kind is the group's, for errors and names.
func (o options) withDefaults(kind string) (options, error) {
	o.HeartbeatInterval = cmp.Or(o.HeartbeatInterval, DefaultHeartbeatInterval)
	o.StableAfter = cmp.Or(o.StableAfter, DefaultStableAfter)
	n := len(o.Members)
	err := option.Check(adapter(kind), option.Fields{
		{"Members", n, n < 1 || n > MaxMembers, "1 to 64 members"},
		{"Members", nil, depth(o.Members, 1) > MaxDepth, "groups nested at most 16 deep, and none within itself"},
		{"Names", o.Names, len(o.Names) != 0 && len(o.Names) != n, "one for each of Members, or none"},
		{"StableAfter", o.StableAfter, o.StableAfter < 0, option.NoNegativeTime},
	})
	if err != nil {
		return o, err
	}
	for i, d := range o.Members {
		if d == nil {
			return o, option.Check(adapter(kind), option.Fields{{fmt.Sprintf("Members[%d]", i), nil, true, "a destination"}})
		}
	}
	return o, o.name(kind)
}

func adapter(kind string) string { return "group: " + kind }

// name fills Names in: "relp#1" for a relp.Destination that is the first member.
// Not its address, which a Destination shows in no common way, and which may be
// a URL with a password in it.
func (o *options) name(kind string) error {
	given := o.Names
	o.Names = make([]string, len(o.Members))
	for i, d := range o.Members {
		if len(given) > 0 {
			o.Names[i] = given[i]
		}
		if o.Names[i] == "" {
			o.Names[i] = fmt.Sprintf("%s#%d", typeName(d), i+1)
		}
		twice := slices.Contains(o.Names[:i], o.Names[i])
		if err := option.Check(adapter(kind), option.Fields{{"Names", o.Names[i], twice, "different names"}}); err != nil {
			return err
		}
	}
	return nil
}

// typeName is the adapter's: the folder's name of its package, or the kind of
// group.
func typeName(d transport.Destination) string {
	t := reflect.TypeOf(d)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	path := t.PkgPath()
	if path == reflect.TypeFor[Failover]().PkgPath() {
		return strings.ToLower(t.Name())
	}
	return path[strings.LastIndexByte(path, '/')+1:]
}

// depth returns how deep groups are nested, at most MaxDepth+1: a group that is
// its own member has no end. (Members is a slice, so somebody may do that.) It looks
// into the configuration, and not into what Open returns: by then it is too late.
func depth(members []transport.Destination, at int) int {
	deepest := at
	for _, d := range members {
		if deepest > MaxDepth {
			break
		}
		if inner, ok := inside(d); ok {
			deepest = max(deepest, depth(inner, at+1))
		}
	}
	return deepest
}

// inside returns the members of a group.
func inside(d transport.Destination) ([]transport.Destination, bool) {
	switch d := d.(type) {
	case Failover:
		return d.Members, true
	case Balance:
		return d.Members, true
	case Quorum:
		return d.Members, true
	case *Failover:
		return membersOf(d, func(d *Failover) []transport.Destination { return d.Members })
	case *Balance:
		return membersOf(d, func(d *Balance) []transport.Destination { return d.Members })
	case *Quorum:
		return membersOf(d, func(d *Quorum) []transport.Destination { return d.Members })
	}
	return nil, false
}

// membersOf is for pointers, which may be nil: then Open will say so.
func membersOf[D any](d *D, of func(*D) []transport.Destination) ([]transport.Destination, bool) {
	if d == nil {
		return nil, false
	}
	return of(d), true
}

// open opens the members. After an error it has closed what it had opened, and
// the errors of all members are told together.
func (o *options) open(kind string) ([]*member, error) {
	var members []*member
	var errs []error
	for i, d := range o.Members {
		t, err := d.Open()
		if err != nil {
			errs = append(errs, &option.MemberError{Adapter: adapter(kind), Field: fmt.Sprintf("Members[%d]", i), Name: o.Names[i], Err: err})
			continue
		}
		members = append(members, newMember(i, o.Names[i], t, o))
	}
	if errs == nil {
		return members, nil
	}
	for _, m := range members {
		errs = append(errs, m.transport.Close())
	}
	return nil, errors.Join(errs...)
}
