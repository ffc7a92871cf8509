package handler

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	c := &core{opts: o, fsys: fsys, ids: encode.NewIDSource(), report: &reporter{onError: o.OnError}, release: func() {}}
	// Through the codec, so that Direct routes see what buffered ones do: values
	// of the closed set.
	if c.resource, err = codec.ParseResource(codec.AppendResource(nil, &o.Resource)); err != nil {
		return nil, err
	}
	c.scratch.New = func() any { return &scratch{payload: make([]byte, 0, 1024)} }
	budget := buffer.NewBudget(o.MaxDisk)
	lanes, err := c.open(routes, budget)
	if err != nil {
		return nil, err
	}
	c.levels = o.Levels
	c.table.Store(newTable(lanes, c.levels, c.report))
	c.unclaimed = c.findUnclaimed(budget)
	c.start()
	h := &Handler{core: c, known: new(scopeKnown), next: besideLog(o.Next)}
	if err := h.crashReports(); err != nil {
		c.report.failed("", err)
	}
	return h, nil
}

// open makes the lanes. After an error it has closed what it had opened.
func (c *core) open(routes []route.Route, budget *buffer.Budget) ([]*lane, error) {
	var (
		lanes []*lane
		errs  []error
	)
	for _, r := range routes {
		l, err := c.openLane(r, budget)
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

func (c *core) openLane(r route.Route, budget *buffer.Budget) (*lane, error) {
	t, err := r.To.Open()
	if err != nil {
		return nil, err
	}
	l := &lane{route: r, transport: t, admission: newAdmission(&r, c.report), done: make(chan struct{})}
	if named, ok := t.(transport.Client); ok {
		l.clients = named.ImportPaths()
	}
	if r.Direct {
		if !t.Describe().Direct {
			_ = t.Close() // the configuration is the error to report
			return nil, fmt.Errorf("route %q: Direct true: want a transport that allows it (console, file, memory): %w", r.Name, route.ErrInvalid)
		}
		return l, nil
	}
	if err := c.openBuffer(l, budget); err != nil {
		_ = t.Close()
		return nil, err
	}
	return l, nil
}

func (c *core) openBuffer(l *lane, budget *buffer.Budget) error {
	o := bufferOptions(&l.route)
	o.Meta = codec.AppendResource(nil, c.resource)
	o.NewID = c.newID
	o.OnError = func(err error) { c.report.failed(l.route.Name, err) }
	o.MinFree = c.opts.MinFree
	l.waits = o.Durability == buffer.Power || o.WhenFull == buffer.Block
	var fsys vfs.FS
	if c.opts.InMemory {
		o.Mode = buffer.Heap
		if o.MaxBytes == 0 {
			o.MaxBytes = defaultMaxMemory
		}
	} else {
		fsys, o.Budget = c.fsys, budget
		l.dir = filepath.Join(c.opts.Dir, l.route.Name)
		if o.MaxBytes == 0 {
			o.MaxBytes = c.opts.MaxDisk
		}
	}
	var err error
	if l.buf, err = buffer.Open(fsys, l.dir, &o); err != nil {
		return err
	}
	if l.dir != "" {
		l.deadFile = newDeadFile(l.dir, budget)
	}
	return nil
}

func bufferOptions(r *route.Route) buffer.Options {
	o := buffer.Options{
		MaxBytes: r.Buffer.MaxBytes, BlockTimeout: r.Buffer.BlockTimeout, StallTimeout: r.Buffer.StallTimeout,
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
func (c *core) start() {
	for _, l := range c.table.Load().lanes {
		if l.buf != nil {
			l.worker = deliver.Start(c.workerOptions(l))
		}
		l.admission.start(c, l)
	}
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
	}
}

// newID makes the id of a loss report.
func (c *core) newID() [16]byte { return c.ids.Next(time.Now()) }

// findUnclaimed lists the directories of routes that no longer exist, and books
// what they take. Other directories, as a volume's lost+found, are not ours.
func (c *core) findUnclaimed(budget *buffer.Budget) []string {
	if c.opts.Dir == "" {
		return nil
	}
	entries, err := os.ReadDir(c.opts.Dir)
	if err != nil {
		return nil // every route direct: there is no directory
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() || c.table.Load().lane(e.Name()) != nil {
			continue
		}
		if size, ours := buffer.Usage(c.fsys, filepath.Join(c.opts.Dir, e.Name())); ours {
			names = append(names, e.Name())
			budget.Book(size)
		}
	}
	return names
}
