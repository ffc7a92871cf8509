package handler

import (
	"errors"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/deliver"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// New makes a handler that ships through routes. It opens every route's
// destination (which connects to nothing) and its directory, and starts
// delivering what an earlier process left there. It returns all errors
// together, each with the route's name; then nothing is left open. The caller
// owns the handler and ends it with Close.
func New(routes []route.Route, opts *Options) (*Handler, error) {
	return newOn(vfs.OS{}, routes, opts)
}

// newOn is New over a file system, which tests let fail.
func newOn(fsys vfs.FS, routes []route.Route, opts *Options) (*Handler, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := route.Validate(routes); err != nil {
		return nil, err
	}
	c := &core{
		opts: o, fsys: fsys, ids: encode.NewIDSource(), report: &reporter{onError: o.OnError}, release: func() {},
		budget: buffer.NewBudget(o.MaxDisk),
	}
	// Through the codec, so that Direct routes see what buffered ones do: values
	// of the closed set.
	if c.resource, err = codec.ParseResource(codec.AppendResource(nil, &o.Resource)); err != nil {
		return nil, err
	}
	c.scratch.New = newScratch
	if c.sealing, err = newSealing(&o); err != nil {
		return nil, err
	}
	c.renameLeft(routes)
	lanes, err := c.open(routes)
	if err != nil {
		return nil, err
	}
	c.levels = o.Levels
	c.findUnclaimed(lanes)
	c.start(lanes)
	t := newTable(lanes, c.levels, c.report)
	t.unclaimed = c.unclaimedNames()
	c.table.Store(t)
	h := &Handler{core: c, known: new(scopeKnown), next: behind(c.sealing.fields, besideLog(o.Next))}
	if err := h.crashReports(); err != nil {
		c.report.failed("", err)
	}
	return h, nil
}

// open makes the lanes. After an error it has closed what it had opened.
func (c *core) open(routes []route.Route) ([]*lane, error) {
	var (
		lanes []*lane
		errs  []error
	)
	for _, r := range routes {
		l, err := c.openLane(r)
		if err != nil {
			errs = append(errs, &RouteError{Route: r.Name, Err: err})
			continue
		}
		lanes = append(lanes, l)
	}
	if errs == nil {
		return lanes, nil
	}
	for _, l := range lanes {
		if l.buf != nil {
			errs = append(errs, l.buf.Close())
		}
		errs = append(errs, l.transport.Close())
	}
	return nil, errors.Join(errs...)
}

// openTransport opens the destination of r. It is the caller's code, and Reload may
// run on a goroutine where a panic would end the process.
func openTransport(r *route.Route) (t transport.Transport, clients []string, err error) {
	err = contained(func() (err error) {
		t, clients, err = openContained(r)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return t, clients, nil
}

func openContained(r *route.Route) (t transport.Transport, clients []string, err error) {
	if t, err = r.To.Open(); err != nil {
		return nil, nil, err
	}
	if r.Direct && !t.Describe().Direct {
		_ = t.Close() // the configuration is the error to report
		return nil, nil, &route.FieldError{Route: r.Name, Field: "Direct", Value: "true", Allowed: "a transport that allows it (console, file, memory)"}
	}
	if named, ok := t.(transport.Client); ok {
		clients = named.ImportPaths()
	}
	return t, clients, nil
}

func (c *core) openLane(r route.Route) (*lane, error) {
	sealer, err := c.sealing.of(&r)
	if err != nil {
		return nil, err
	}
	t, clients, err := openTransport(&r)
	if err != nil {
		return nil, err
	}
	l := &lane{
		route: r, dir: c.laneDir(&r), transport: t, clients: clients, waits: waits(&r),
		admission: newAdmission(&r, c.report), sealer: sealer, track: newTrack(r.Name),
	}
	if r.Direct {
		return l, l.direct.replace(t)
	}
	if err := c.openBuffer(l); err != nil {
		_ = t.Close()
		return nil, err
	}
	return l, nil
}

func (c *core) openBuffer(l *lane) error {
	o := bufferOptions(&l.route)
	o.MaxBytes = c.maxBytes(&l.route)
	o.Meta = codec.AppendResource(nil, c.resource)
	o.NewID = c.newID
	name := &l.track.name
	o.OnError = func(err error) { c.report.failed(*name.Load(), err) }
	o.MinFree = c.opts.MinFree
	var fsys vfs.FS
	if c.opts.InMemory {
		o.Mode = buffer.Heap
	} else {
		fsys, o.Budget = c.fsys, c.budget
		o.Cipher, o.Encrypt = c.sealing.cipher(), c.opts.EncryptBuffers
	}
	var err error
	if l.buf, err = buffer.Open(fsys, l.dir, &o); err != nil {
		return err
	}
	if l.dir != "" {
		l.deadFile = newDeadFile(l.dir, c.budget, c.sealing.letters)
	}
	return nil
}

// maxBytes is the cap of the route's buffer.
func (c *core) maxBytes(r *route.Route) int64 {
	switch {
	case r.Buffer.MaxBytes > 0:
		return r.Buffer.MaxBytes
	case c.opts.InMemory:
		return defaultMaxMemory
	default:
		return c.opts.MaxDisk
	}
}

// limits are those of the route's buffer that may change while it is open.
func (c *core) limits(r *route.Route) buffer.Limits {
	o := bufferOptions(r)
	return buffer.Limits{
		MaxBytes: c.maxBytes(r), WhenFull: o.WhenFull, BlockTimeout: o.BlockTimeout, StallTimeout: o.StallTimeout,
		Keep: o.Keep, Shed: o.Shed,
	}
}

// waits reports whether a record of r may have to wait for room, or for the disk.
func waits(r *route.Route) bool {
	o := bufferOptions(r)
	return o.Durability == buffer.Power || o.WhenFull == buffer.Block
}

func bufferOptions(r *route.Route) buffer.Options {
	o := buffer.Options{
		BlockTimeout: r.Buffer.BlockTimeout, StallTimeout: r.Buffer.StallTimeout,
	}
	if every, ok := r.Durability.Every(); ok {
		o.Durability, o.SyncEvery = buffer.Interval, every
	}
	if r.Durability.IsPower() {
		o.Durability, o.WhenFull = buffer.Power, buffer.Block
	}
	switch r.Buffer.WhenFull {
	case route.DropOldest:
		o.WhenFull = buffer.DropOldest
	case route.DropNewest:
		o.WhenFull = buffer.DropNewest
	case route.Block:
		o.WhenFull = buffer.Block
	}
	if r.Buffer.Keep != nil {
		o.Keep = uint8(encode.LevelIndex(r.Buffer.Keep.Level()))
	}
	for _, s := range r.Buffer.Shed {
		for i := 0; i <= encode.LevelIndex(s.UpTo); i++ {
			o.Shed[i] = max(o.Shed[i], s.Room)
		}
	}
	return o
}

// start starts the workers, once every lane is there: a dead letter may go to
// any of them.
func (c *core) start(lanes []*lane) {
	for _, l := range lanes {
		l.deadTo = deadTarget(l, lanes)
	}
	for _, l := range lanes {
		c.startLane(l)
	}
}

func (c *core) startLane(l *lane) {
	if l.buf != nil {
		l.worker = deliver.Start(c.workerOptions(l))
	}
	l.admission.start(c, l)
}

func (c *core) workerOptions(l *lane) *deliver.Options {
	r := &l.route
	return &deliver.Options{
		Route: r.Name, Buffer: l.buf, Transport: l.transport,
		MaxRecords: r.Batch.MaxRecords, MaxBytes: r.Batch.MaxBytes, Linger: r.Batch.Linger,
		MaxInFlight:     r.MaxInFlight,
		InitialInterval: r.Backoff.InitialInterval, MaxInterval: r.Backoff.MaxInterval, Multiplier: r.Backoff.Multiplier,
		SendTimeout: r.SendTimeout, MaxAge: r.MaxAge, OnStale: deliver.Stale(r.OnStale), DrainRate: r.DrainRate,
		Resource: c.resource, Dead: c.deadLetters(l),
		OnError: func(err error) { c.report.failed(r.Name, err) },
		Warn:    func(message string, attrs []slog.Attr) { c.warned(l, message, attrs) },
	}
}

// newID makes the id of a loss report.
func (c *core) newID() [16]byte { return c.ids.Next(time.Now()) }
