package handler

import (
	"errors"
	"fmt"
	"slices"

	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// Reload puts other routes in force, while records come and go. It checks all of
// them and opens what is new first: after an error, which names the routes, the
// old ones are in force as they were and nothing new is left open.
//
// A route that has the name of one in force goes on with its buffer, figures and
// waiting calls. If its destination is another one, or its options for delivery
// are, that takes effect after the Sends in flight, each of which has SendTimeout,
// for all that is buffered; Reload does not wait for it, but what is logged after
// it goes to the new one. A destination that is written alike keeps its
// connections. (Two functions are never alike, nor are two objects with state of
// their own, as a *tls.Config; such a destination is opened anew.) What an
// acknowledged destination has taken is sent nowhere again. Limits of the buffer
// take effect at once; Durability, and whether a route is Direct, can't change.
//
// A route that is no longer there takes no new records, and what it has is
// delivered as before, until Close; Stats show it as removed. A Reload that has
// its name again takes it up again. After a restart its directory is one of those
// in Stats.Unclaimed.
//
// rename has the new names of routes by their old ones: such a route goes on
// like one whose name stayed, and its directory gets the new name, so that the next
// start finds it. Windows does not allow that while files are open, and so it is
// an error there, but for handlers in memory. So it is where another process lives
// in the directory, or something is in the place of the new name. rename may be the
// same list each time: nothing is done for an old name that no route in force has,
// nor for a new one that a route in force has already. Of a chain of names the last
// counts.
//
// Log calls lose nothing to a Reload, and do not wait for it: a call that has
// begun goes where the routes that it began with say. It may be called by several
// goroutines; they, SetLevels and Close wait for each other, so none of them may be
// called from Options.OnError. After Close it returns ErrClosed. Options cannot be
// reloaded, but for Levels, see SetLevels.
func (h *Handler) Reload(routes []route.Route, rename map[string]string) error {
	c := h.core
	c.routing.Lock()
	defer c.routing.Unlock()
	if c.closed.Load() {
		return ErrClosed
	}
	if err := route.Validate(routes); err != nil {
		return err
	}
	r := &reload{core: c, old: c.table.Load()}
	if errs := r.prepare(routes, rename); errs != nil {
		return errors.Join(append(errs, r.undo()...)...)
	}
	r.commit()
	return nil
}

// reload is one Reload under way. core.routing is held.
type reload struct {
	core    *core
	old     *table
	changes []change // a route each, in their order
	moved   []*change
}

// change is what becomes of one route.
type change struct {
	was    *lane               // nil: the route is new
	now    *lane               // not yet in force
	opened transport.Transport // nil: the old one stays
}

// prepare does all that can fail.
func (r *reload) prepare(routes []route.Route, rename map[string]string) []error {
	was, errs := r.heirs(routes, rename)
	for i := range routes {
		ch, err := r.change(&routes[i], was[routes[i].Name])
		if err != nil {
			errs = append(errs, &RouteError{Route: routes[i].Name, Err: err})
			continue
		}
		r.changes = append(r.changes, ch)
	}
	if errs != nil {
		return errs
	}
	return r.moveAll()
}

func (r *reload) change(to *route.Route, was *lane) (change, error) {
	if was == nil {
		l, err := r.core.openLane(*to)
		if err != nil {
			return change{}, err
		}
		return change{now: l, opened: l.transport}, nil
	}
	if err := fixed(&was.route, to); err != nil {
		return change{}, err
	}
	sealer, err := r.core.sealing.of(to)
	if err != nil {
		return change{}, err
	}
	now := &lane{
		sealer: sealer,
		route:  *to, dir: r.core.laneDir(to), track: was.track,
		transport: was.transport, clients: was.clients, admission: was.admission,
		waits: waits(to),
	}
	if was.gone || !samePolicies(&was.route, to) { // those of one that is gone were stopped
		now.admission = newAdmission(to, r.core.report)
	}
	ch := change{was: was, now: now}
	if sameDestination(was.route.To, to.To) {
		return ch, nil
	}
	ch.opened, now.clients, err = openTransport(to)
	now.transport = ch.opened
	return ch, err
}

// fixed returns an error if to wants something of a route's buffer that can't
// change: the records in it, and the calls that are under way, were promised what
// was.
func fixed(was, to *route.Route) error {
	bad := func(field string, is, want any) error {
		return fmt.Errorf("%s %v: want %v, as it is, or another name, or a restart: %w", field, want, is, route.ErrInvalid)
	}
	switch {
	case was.Direct != to.Direct:
		return bad("Direct", was.Direct, to.Direct)
	case !to.Direct && was.Durability != to.Durability:
		return bad("Durability", was.Durability, to.Durability)
	}
	return nil
}

// undo closes what prepare has opened. The changes are not in force, so nobody
// uses it.
func (r *reload) undo() []error {
	errs := r.moveBack()
	for i := range r.changes {
		ch := &r.changes[i]
		if ch.opened != nil {
			errs = append(errs, contained(ch.opened.Close))
		}
		if ch.was == nil && ch.now.buf != nil {
			errs = append(errs, ch.now.buf.CloseUnused())
			if ch.now.deadFile != nil {
				ch.now.deadFile.unbook()
			}
		}
	}
	return errs
}

// commit cannot fail. The workers of new lanes come first, and what old lanes
// need no longer goes last: in between, calls of both tables are under way.
func (r *reload) commit() {
	c := r.core
	lanes := make([]*lane, len(r.changes))
	for i := range r.changes {
		lanes[i] = r.changes[i].now
	}
	for _, l := range lanes {
		l.deadTo = deadTarget(l, lanes)
	}
	for i := range r.changes {
		if ch := &r.changes[i]; ch.was == nil {
			c.startLane(ch.now)
			if ch.now.dir != "" {
				c.claim(ch.now.route.Name)
			}
		}
	}
	t := newTable(lanes, c.levels, c.report)
	t.removed, t.unclaimed = r.removed(), c.unclaimedNames()
	c.table.Store(t)
	for i := range r.changes {
		r.settle(&r.changes[i])
	}
	for _, l := range t.removed {
		if l := laneOf(r.old.lanes, l.track); l != nil {
			l.admission.stop(c, l)
		}
	}
}

func laneOf(lanes []*lane, t *track) *lane {
	i := slices.IndexFunc(lanes, func(l *lane) bool { return l.track == t })
	if i < 0 {
		return nil
	}
	return lanes[i]
}

// removed returns the lanes that are in no table's order any more and deliver what
// they have.
func (r *reload) removed() []*lane {
	var out []*lane
	for _, l := range slices.Concat(r.old.lanes, r.old.removed) {
		if !slices.ContainsFunc(r.changes, func(ch change) bool { return ch.now.track == l.track }) {
			gone := *l
			gone.gone, gone.admission = true, nil
			out = append(out, &gone)
		}
	}
	return out
}

// settle brings a lane that goes on under what its route is now.
func (r *reload) settle(ch *change) {
	c, l := r.core, ch.now
	if ch.was == nil {
		return
	}
	l.name.Store(&l.route.Name)
	switch {
	case l.buf != nil:
		c.report.failed(l.route.Name, l.buf.SetLimits(c.limits(&l.route)))
		r.redeliver(ch)
	case ch.opened != nil:
		c.report.failed(l.route.Name, l.direct.replace(ch.opened))
	}
	if l.admission != ch.was.admission {
		l.admission.start(c, l)
		ch.was.admission.stop(c, ch.was)
	}
}

// redeliver replaces the worker's options, unless they are what they were.
func (r *reload) redeliver(ch *change) {
	// The sealer too: what the transport warns of is sealed as the route is now.
	if ch.opened == nil && ch.was.deadTo == ch.now.deadTo && ch.was.sealer == ch.now.sealer && sameDelivery(&ch.was.route, &ch.now.route) {
		return
	}
	o := r.core.workerOptions(ch.now)
	o.Transport = ch.opened
	ch.now.worker.Replace(o)
}

// sameDelivery reports whether two routes with the same destination deliver
// alike.
func sameDelivery(a, b *route.Route) bool {
	return a.Name == b.Name && a.Batch == b.Batch && a.Backoff == b.Backoff && a.SendTimeout == b.SendTimeout &&
		a.MaxInFlight == b.MaxInFlight && a.MaxAge == b.MaxAge && a.OnStale == b.OnStale && a.DrainRate == b.DrainRate
}
