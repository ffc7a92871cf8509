package handler

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/route"
)

// heirs finds the lane that each route goes on with, by the route's name. Routes
// that are not in it are new.
func (r *reload) heirs(routes []route.Route, rename map[string]string) (was map[string]*lane, errs []error) {
	was = make(map[string]*lane)
	wanted := namesWanted(routes)
	for _, l := range slices.Concat(r.old.removed, r.old.lanes) { // one in force before one that is removed
		if wanted[l.route.Name] {
			was[l.route.Name] = l
		}
	}
	for _, old := range slices.Sorted(maps.Keys(rename)) {
		l, to := r.old.lane(old), lastName(rename, old, wanted)
		if l == nil || r.old.lane(to) != nil {
			continue // there is nothing to rename, or it was done
		}
		if err := renamable(old, to, wanted, was); err != nil {
			errs = append(errs, &RouteError{Route: old, Err: err})
			continue
		}
		was[to] = l
	}
	return was, errs
}

func namesWanted(routes []route.Route) map[string]bool {
	wanted := make(map[string]bool)
	for i := range routes {
		wanted[routes[i].Name] = true
	}
	return wanted
}

// lastName follows a chain of names to the first that is wanted.
func lastName(rename map[string]string, old string, wanted map[string]bool) string {
	to := rename[old]
	for range rename { // no chain is longer, and one that goes round ends here
		next, more := rename[to]
		if wanted[to] || !more {
			break
		}
		to = next
	}
	return to
}

// renamable says why a route in force cannot get the name to.
func renamable(old, to string, wanted map[string]bool, was map[string]*lane) error {
	bad := func(why string) error {
		return fmt.Errorf("rename %q to %q: want %s: %w", old, to, why, route.ErrInvalid)
	}
	switch taken := was[to]; {
	case !wanted[to]:
		return bad("the name of one of the new routes")
	case wanted[old]:
		return bad("no new route of the old name: the two would meet in one directory")
	case taken != nil && taken.gone:
		return bad("a name that no removed route has, which still delivers")
	case taken != nil:
		return bad("one old name for a new one")
	}
	return nil
}

// moveAll gives the directories of renamed routes their new names. It is the last
// thing that can fail, since a process that dies in the middle leaves some of them
// moved; the names in the caller's configuration are the new ones by then.
func (r *reload) moveAll() []error {
	for i := range r.changes {
		ch := &r.changes[i]
		if ch.was == nil || ch.was.dir == ch.now.dir || ch.was.buf == nil {
			continue
		}
		r.moved = append(r.moved, ch)
		if err := ch.now.move(ch.now.dir); err != nil {
			return []error{&RouteError{Route: ch.now.route.Name, Err: fmt.Errorf("rename %q: %w", ch.was.route.Name, err)}}
		}
	}
	return nil
}

// moveBack undoes moveAll. A directory that keeps its new name is found there by
// whoever has that name in its configuration, and by no one else, so the error
// says where it is.
func (r *reload) moveBack() (errs []error) {
	for _, ch := range slices.Backward(r.moved) {
		if ch.was.buf.Dir() != ch.was.dir {
			errs = append(errs, ch.was.move(ch.was.dir))
		}
	}
	return errs
}

// move gives the directory of l's track the name dir. What does not go through the
// buffer there are the dead letters.
func (l *lane) move(dir string) error {
	return l.deadFile.move(func() (string, error) {
		err := l.buf.Move(dir)
		return l.buf.Dir(), err
	})
}

// renameLeft renames the directories of an earlier process, before they are
// opened. An old name that is a route's goes on as that route.
func (c *core) renameLeft(routes []route.Route) {
	if c.opts.InMemory {
		return
	}
	wanted := namesWanted(routes)
	for _, old := range slices.Sorted(maps.Keys(c.opts.Rename)) {
		to := lastName(c.opts.Rename, old, wanted)
		if wanted[old] || !wanted[to] || filepath.Base(old) != old || !filepath.IsLocal(old) {
			continue
		}
		_, err := buffer.MoveLeft(c.fsys, filepath.Join(c.opts.Dir, old), filepath.Join(c.opts.Dir, to))
		c.report.failed(to, err)
	}
}

// laneDir is where the route's lane has its directory; "": it has none.
func (c *core) laneDir(r *route.Route) string {
	if c.opts.InMemory || r.Direct {
		return ""
	}
	return filepath.Join(c.opts.Dir, r.Name)
}
