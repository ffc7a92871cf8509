package handler_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// Every error leaves the routes in force as they are: nothing new stays open, and
// what is logged goes where it went.
func TestReloadRefused(t *testing.T) {
	n := newNetwork(t)
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "full", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fsys := vfs.NewFault(vfs.OS{})
	main, direct := route.Route{Name: "main", To: n.to("a")}, route.Route{Name: "direct", To: n.to("d"), Direct: true}
	gone := route.Route{Name: "gone", To: n.to("g")}
	h, err := handler.NewOn(fsys, patiently(main, direct, gone), &handler.Options{Dir: dir, OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	mustReload(t, h, nil, main, direct)
	with := func(r route.Route, change func(*route.Route)) route.Route { change(&r); return r }
	fresh := route.Route{Name: "fresh", To: n.to("new")}
	called := func(name string) route.Route { return with(main, func(r *route.Route) { r.Name = name }) }
	for name, c := range map[string]struct {
		routes []route.Route
		rename map[string]string
		want   error
		named  []string // routes that the error is about
	}{
		"invalid":         {[]route.Route{fresh, {Name: "Bad", To: n.to("x")}}, nil, route.ErrInvalid, nil},
		"twice":           {[]route.Route{fresh, main, main}, nil, route.ErrInvalid, nil},
		"destination":     {[]route.Route{fresh, with(main, func(r *route.Route) { r.To = place{broken: true} })}, nil, errBroken, []string{"main"}},
		"panics":          {[]route.Route{fresh, with(main, func(r *route.Route) { r.To = explosive{} })}, nil, nil, []string{"main"}},
		"new destination": {[]route.Route{main, fresh, {Name: "worse", To: place{broken: true}}}, nil, errBroken, []string{"worse"}},
		"direct":          {[]route.Route{fresh, with(main, func(r *route.Route) { r.Direct = true })}, nil, route.ErrInvalid, []string{"main"}},
		"not direct":      {[]route.Route{fresh, with(direct, func(r *route.Route) { r.Direct = false })}, nil, route.ErrInvalid, []string{"direct"}},
		"can't be direct": {[]route.Route{fresh, with(direct, func(r *route.Route) { r.To = place{network: n, name: "buffered", buffered: true} })}, nil, route.ErrInvalid, []string{"direct"}},
		"durability":      {[]route.Route{fresh, with(main, func(r *route.Route) { r.Durability = route.Power() })}, nil, route.ErrInvalid, []string{"main"}},
		"of a gone one":   {[]route.Route{fresh, main, with(gone, func(r *route.Route) { r.Durability = route.Interval(time.Second) })}, nil, route.ErrInvalid, []string{"gone"}},
		"directory":       {[]route.Route{fresh, main, called("file")}, nil, nil, []string{"file"}},
		"all at once":     {[]route.Route{{Name: "u", To: place{broken: true}}, {Name: "v", To: place{broken: true}}}, nil, errBroken, []string{"u", "v"}},
		"rename, to none": {[]route.Route{fresh, direct}, map[string]string{"main": "nowhere"}, route.ErrInvalid, []string{"main"}},
		"rename, both":    {[]route.Route{fresh, main, called("b")}, map[string]string{"main": "b"}, route.ErrInvalid, []string{"main"}},
		"rename, gone":    {[]route.Route{fresh, called("gone")}, map[string]string{"main": "gone"}, route.ErrInvalid, []string{"main"}},
		"rename, two":     {[]route.Route{fresh, called("b")}, map[string]string{"main": "b", "direct": "b"}, route.ErrInvalid, []string{"main", "b"}},
		"rename, full":    {[]route.Route{fresh, called("full")}, map[string]string{"main": "full"}, nil, []string{"full"}},
		"rename, round":   {[]route.Route{fresh}, map[string]string{"main": "b", "b": "main"}, route.ErrInvalid, []string{"main"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := h.Reload(c.routes, c.rename)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if got := routesOf(err); c.named != nil && !slices.Equal(got, c.named) {
				t.Errorf("the error is about %v, want %v: %v", got, c.named, err)
			}
			if err := h.Log(t.Context(), slog.LevelInfo, name); err != nil {
				t.Error(err)
			}
			if got := namesOf(h); !slices.Equal(got, []string{"main", "direct", "gone, removed"}) {
				t.Errorf("routes in force: %v", got)
			}
		})
	}
	fsys.Inject(vfs.When(vfs.Kinds(vfs.OpRename), vfs.InjectorFunc(func(op vfs.Op) error { return renameOf(op, dir) })))
	if err := h.Reload([]route.Route{direct, called("b")}, map[string]string{"main": "b"}); !errors.Is(err, syscall.EACCES) {
		t.Errorf("a system that renames no directory: %v", err)
	}
	fsys.Inject(nil)
	mustClose(t, h)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 { // full, file, main, gone
		t.Errorf("left in Dir: %v, %v", entries, err)
	}
	for _, name := range []string{"new", "buffered", "x"} {
		if opened, closed := n.links(name); opened != closed {
			t.Errorf("%s: %d opened, %d closed", name, opened, closed)
		}
	}
	if got := len(n.arrived("a")); got != 18 {
		t.Errorf("%d of 18 records at the old destination", got)
	}
	if got := n.arrived("d"); len(got) != 18 {
		t.Errorf("%d of 18 records at the old Direct one", len(got))
	}
}

// explosive panics when it is opened.
type explosive struct{}

func (explosive) Open() (transport.Transport, error) { panic("open") }

// renameOf is EACCES for a directory right in dir, as on Windows.
func renameOf(op vfs.Op, dir string) error {
	if filepath.Dir(op.Name) == dir {
		return syscall.EACCES
	}
	return nil
}

// routesOf returns the routes that err is about, in their order.
func routesOf(err error) (names []string) {
	if e, ok := err.(*handler.RouteError); ok {
		return []string{e.Route}
	}
	if e, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range e.Unwrap() {
			names = append(names, routesOf(err)...)
		}
	}
	return names
}

// namesOf returns the routes in Stats.
func namesOf(h *handler.Handler) (names []string) {
	for _, s := range h.Stats().Routes {
		if s.Removed {
			s.Name += ", removed"
		}
		names = append(names, s.Name)
	}
	return names
}

// A removed route takes no new records, delivers what it has, and is the same
// again when it comes back; after a restart its directory is unclaimed.
func TestReloadRemoves(t *testing.T) {
	n := newNetwork(t)
	n.setDown("away", true)
	dir := t.TempDir()
	o := &handler.Options{Dir: dir, OnError: func(error) {}}
	fast := route.Backoff{MaxInterval: 10 * time.Millisecond}
	main, extra := route.Route{Name: "main", To: n.to("main")}, route.Route{Name: "extra", To: n.to("away"), Backoff: fast}
	h, err := handler.New(patiently(main, extra), o)
	if err != nil {
		t.Fatal(err)
	}
	logged(t, h, "m", 10)
	mustReload(t, h, nil, main)
	logged(t, h, "removed", 10)
	if s := statsOf(t, h, "extra"); !s.Removed || s.Logged != 10 || s.Buffered != 10 {
		t.Errorf("removed: %+v", s)
	}
	n.setDown("away", false)
	if err := h.Flush(t.Context()); err != nil { // removed routes have what was logged before, too
		t.Error(err)
	}
	wantOnce(t, n.arrived("away"), "m", 10)
	n.setDown("away", true)
	mustReload(t, h, nil, extra, main)
	logged(t, h, "n", 5)
	if s := statsOf(t, h, "extra"); s.Removed || s.Logged != 15 || s.Delivered != 10 || s.SubBuffer {
		t.Errorf("back: %+v", s)
	}
	mustReload(t, h, nil, main)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var left *handler.UndeliveredError
	if err := h.Close(ctx); !errors.As(err, &left) || left.Routes[0].Route != "extra" || left.Routes[0].Records != 5 {
		t.Errorf("Close: %v", err)
	}
	if h, err = handler.New([]route.Route{main}, o); err != nil {
		t.Fatal(err)
	}
	if u := h.Stats().Unclaimed; !slices.Equal(u, []string{"extra"}) {
		t.Errorf("unclaimed: %v", u)
	}
	n.setDown("away", false)
	mustReload(t, h, nil, main, extra) // somebody claims it after all
	if u := h.Stats().Unclaimed; len(u) != 0 {
		t.Errorf("unclaimed: %v", u)
	}
	mustClose(t, h)
	if s := statsOf(t, h, "extra"); s.Recovered != 5 || s.Delivered != 5 {
		t.Errorf("%+v", s)
	}
	if got := n.arrived("away"); len(got) != 15 {
		t.Errorf("%d of 15 records", len(got))
	}
}

// A renamed route goes on with all it has, under its new name, where the next
// start finds it: records and dead letters.
func TestReloadRenames(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("directories with open files keep their names: see Reload")
	}
	n := newNetwork(t)
	dir := t.TempDir()
	o := &handler.Options{Dir: dir, OnError: func(error) {}}
	as := func(name, to string) route.Route { return route.Route{Name: name, To: n.to(to)} }
	h, err := handler.New(patiently(as("a", "one"), as("other", "other")), o)
	if err != nil {
		t.Fatal(err)
	}
	logged(t, h, "m", 10)
	letter := func() {
		t.Helper()
		if err := h.Log(t.Context(), slog.LevelInfo, "poison"); err != nil {
			t.Error(err)
		}
		if err := h.Flush(t.Context()); err != nil {
			t.Error(err)
		}
	}
	letter()
	history := map[string]string{"a": "b", "b": "c", "unknown": "z"}
	mustReload(t, h, map[string]string{"a": "b"}, as("b", "one"), as("other", "other"))
	letter()
	n.setDown("one", true)
	logged(t, h, "n", 10)
	mustReload(t, h, history, as("c", "one"), as("other", "other"))
	mustReload(t, h, history, as("c", "one"), as("other", "other")) // it is done already
	if got := namesOf(h); !slices.Equal(got, []string{"c", "other"}) {
		t.Errorf("routes: %v", got)
	}
	if s := statsOf(t, h, "c"); s.Logged != 22 || s.Dead != 2 || s.Buffered != 10 || s.SubBuffer {
		t.Errorf("%+v", s)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := h.Close(ctx); err == nil {
		t.Error("the destination is away")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || entries[0].Name() != "c" {
		t.Errorf("in Dir: %v, %v", entries, err)
	}
	if letters, err := os.ReadFile(filepath.Join(dir, "c", "dead.ndjson")); err != nil || strings.Count(string(letters), "\n") != 2 {
		t.Errorf("dead letters: %q, %v", letters, err)
	}
	n.setDown("one", false)
	if h, err = handler.New([]route.Route{as("c", "one"), as("other", "other")}, o); err != nil {
		t.Fatal(err)
	}
	mustClose(t, h)
	if s := statsOf(t, h, "c"); s.Recovered != 10 || s.Delivered != 10 {
		t.Errorf("the next start: %+v", s)
	}
	if got := n.arrived("one"); len(got) != 20 {
		t.Errorf("%d of 20 records", len(got))
	}
}

// Several routes are renamed or none: where the second is refused, the first has
// its old name again.
func TestReloadRenamesAllOrNone(t *testing.T) {
	n := newNetwork(t)
	dir := t.TempDir()
	fsys := vfs.NewFault(vfs.OS{})
	as := func(names ...string) (routes []route.Route) {
		for _, name := range names {
			routes = append(routes, route.Route{Name: name, To: n.to("to")})
		}
		return routes
	}
	h, err := handler.NewOn(fsys, patiently(as("a", "b")...), &handler.Options{Dir: dir, OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	fsys.Inject(vfs.When(vfs.Kinds(vfs.OpRename), vfs.InjectorFunc(func(op vfs.Op) error {
		if filepath.Base(op.Name) == "b" {
			return syscall.EACCES
		}
		return nil
	})))
	if err := h.Reload(as("x", "y"), map[string]string{"a": "x", "b": "y"}); !errors.Is(err, syscall.EACCES) {
		t.Errorf("%v", err)
	}
	// The rename itself is done, and only its being safe is not known: back as well.
	fsys.Inject(vfs.When(vfs.Kinds(vfs.OpSyncDir), vfs.InjectorFunc(func(vfs.Op) error { return syscall.EIO })))
	if err := h.Reload(as("x", "b"), map[string]string{"a": "x"}); !errors.Is(err, syscall.EIO) {
		t.Errorf("%v", err)
	}
	fsys.Inject(nil)
	if got := namesOf(h); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("routes: %v", got)
	}
	logged(t, h, "m", 10)
	mustClose(t, h)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || entries[0].Name() != "a" || entries[1].Name() != "b" {
		t.Errorf("in Dir: %v, %v", entries, err)
	}
}

// Limits of the buffer change at once.
func TestReloadLimits(t *testing.T) {
	n := newNetwork(t)
	n.setDown("away", true)
	to := func(b route.Buffer) route.Route { return route.Route{Name: "main", To: n.to("away"), Buffer: b} }
	h := opened(t, "memory", []route.Route{to(route.Buffer{MaxBytes: 1 << 20, WhenFull: route.DropNewest})})
	full := func() (taken int) {
		for range 20_000 {
			err := h.Log(t.Context(), slog.LevelInfo, strings.Repeat("x", 1000))
			if errors.Is(err, handler.ErrFull) {
				return taken
			}
			taken++
		}
		return taken
	}
	few := full()
	mustReload(t, h, nil, to(route.Buffer{MaxBytes: 4 << 20, WhenFull: route.DropNewest}))
	if more := full(); more < 2*few {
		t.Errorf("%d in 1 MiB, %d more in 4 MiB", few, more)
	}
	mustReload(t, h, nil, to(route.Buffer{MaxBytes: 4 << 20, WhenFull: route.DropNewest, Shed: []route.Shed{{UpTo: slog.LevelInfo, Room: 1}}}))
	if err := h.Log(t.Context(), slog.LevelInfo, "x"); !errors.Is(err, handler.ErrFull) {
		t.Errorf("shed: %v", err)
	}
	mustReload(t, h, nil, to(route.Buffer{MaxBytes: 4 << 20, WhenFull: route.Block, BlockTimeout: time.Millisecond}))
	if err := h.Log(t.Context(), slog.LevelInfo, "x"); !errors.Is(err, handler.ErrFull) {
		t.Errorf("blocked: %v", err)
	}
	mustReload(t, h, nil, to(route.Buffer{MaxBytes: 4 << 20}))
	if taken := full(); taken != 20_000 {
		t.Errorf("with DropOldest %d of 20000 were taken", taken)
	}
	n.setDown("away", false)
	mustReload(t, h, nil, route.Route{Name: "main", To: n.to("there")})
	mustClose(t, h)
	statsOf(t, h, "main")
}

// Dead letters go where the new routes say, and Close closes in an order that
// loses none, also when two routes change their parts.
func TestReloadDeadLetters(t *testing.T) {
	n := newNetwork(t)
	refused := func(name, dead string) route.Route {
		return route.Route{Name: name, To: refusingPlace{n.to(name)}, DeadLetter: dead, Match: route.Group(name)}
	}
	takes := func(name, dead string) route.Route {
		return route.Route{Name: name, To: n.to(name), DeadLetter: dead, Match: route.Group(name)}
	}
	h := opened(t, "mapped", []route.Route{refused("a", "b"), takes("b", "")})
	log := slog.New(h)
	flush := func() {
		t.Helper()
		if err := h.Flush(t.Context()); err != nil {
			t.Error(err)
		}
	}
	log.WithGroup("a").Info("refused", "x", 1)
	flush()
	mustReload(t, h, nil, takes("a", ""), refused("b", "a"))
	log.WithGroup("b").Info("refused", "x", 1)
	flush()
	mustReload(t, h, nil, refused("a", "c"), takes("b", ""), takes("c", ""))
	for range 10 {
		log.WithGroup("a").Info("refused", "x", 1)
	}
	log.WithGroup("a").Info("fine", "x", 1)
	mustReload(t, h, nil, takes("b", "")) // a and c are gone, and a's letters still go to c
	mustClose(t, h)
	for name, want := range map[string]int{"a": 1, "b": 1, "c": 10} {
		if got := n.arrived(name)["refused"]; got != want {
			t.Errorf("%s: %d letters, want %d", name, got, want)
		}
		statsOf(t, h, name)
	}
}

// refusingPlace refuses the message "refused" for good.
type refusingPlace struct{ place }

func (r refusingPlace) Open() (transport.Transport, error) {
	inner, err := r.place.Open()
	return refuser{inner, "refused"}, err
}

// Policies that stay the same go on counting, others begin anew; none of their
// goroutines is left when the route is.
func TestReloadPolicies(t *testing.T) {
	n := newNetwork(t)
	limited := func(burst int) route.Route {
		return route.Route{Name: "main", To: n.to("a"), Limit: route.Limit{PerSecond: 0.001, Burst: burst}, Dedupe: route.Dedupe{Window: time.Hour}}
	}
	h := opened(t, "memory", []route.Route{limited(10)})
	logged(t, h, "m", 6)
	mustReload(t, h, nil, limited(10))
	logged(t, h, "n", 6)
	if s := statsOf(t, h, "main"); s.Dropped["rate_limited"]["INFO"] != 2 {
		t.Errorf("the same limit began anew: %+v", s)
	}
	mustReload(t, h, nil, limited(20))
	logged(t, h, "o", 6)
	if s := statsOf(t, h, "main"); s.Dropped["rate_limited"]["INFO"] != 2 {
		t.Errorf("another limit: %+v", s)
	}
	logged(t, h, "o", 1) // a repeat, which is told when its window ends, or the route
	mustReload(t, h, nil)
	mustReload(t, h, nil, limited(20))
	mustReload(t, h, nil, route.Route{Name: "main", To: n.to("a")})
	mustClose(t, h)
	if s := statsOf(t, h, "main"); s.Dropped["deduplicated"]["INFO"] != 1 {
		t.Errorf("%+v", s)
	}
	if got := n.arrived("a")["o0"]; got != 2 {
		t.Errorf("a record and its count of repeats arrived %d times", got)
	}
}

// Options.Rename does at a start what Reload does in between: the directory that
// is there gets the new name, unless another has it.
func TestRenameAtStart(t *testing.T) {
	n := newNetwork(t)
	dir := t.TempDir()
	n.setDown("away", true)
	var told error
	o := &handler.Options{Dir: dir, OnError: func(err error) { told = errors.Join(told, err) }}
	left := func(name string, records int) {
		t.Helper()
		h, err := handler.New(patiently(route.Route{Name: name, To: n.to("away")}), &handler.Options{Dir: dir, OnError: func(error) {}})
		if err != nil {
			t.Fatal(err)
		}
		logged(t, h, name, records)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if h.Close(ctx) == nil {
			t.Error("the destination is away")
		}
	}
	left("a", 3)
	left("taken", 2)
	left("old", 1)
	if err := os.Mkdir(filepath.Join(dir, "foreign"), 0o700); err != nil {
		t.Fatal(err)
	}
	o.Rename = map[string]string{
		"a": "b", "b": "c", // a chain
		"old": "taken", "taken": "taken", // another route's
		"foreign": "d", "../x": "d", "absent": "d",
	}
	var routes []route.Route
	for _, name := range []string{"c", "taken", "d"} {
		routes = append(routes, route.Route{Name: name, To: n.to("there")})
	}
	for range 2 { // the second time there is nothing to do
		h, err := handler.New(routes, o)
		if err != nil {
			t.Fatal(err)
		}
		if u := h.Stats().Unclaimed; !slices.Equal(u, []string{"old"}) {
			t.Errorf("unclaimed: %v", u)
		}
		mustClose(t, h)
	}
	if got := n.arrived("there"); len(got) != 5 || got["a0"] != 1 || got["taken1"] != 1 {
		t.Errorf("arrived: %v", got)
	}
	if told != nil {
		t.Error(told)
	}
}

// A directory that another process has open keeps its name, and New says so.
func TestRenameAtStartOfALiveOne(t *testing.T) {
	n := newNetwork(t)
	var told []error
	o := &handler.Options{Dir: t.TempDir(), OnError: func(err error) { told = append(told, err) }}
	h, err := handler.New([]route.Route{{Name: "a", To: n.to("a")}}, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Rename = map[string]string{"a": "b"}
	second, err := handler.New([]route.Route{{Name: "b", To: n.to("b")}}, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := routesOf(errors.Join(told...)); !slices.Equal(got, []string{"b"}) {
		t.Errorf("told: %v", told)
	}
	mustClose(t, second)
	mustClose(t, h)
}
