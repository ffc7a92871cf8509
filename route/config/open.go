package config

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

// Open makes the handler of an environment: handler.New with [Config.Routes] and
// [Config.HandlerOptions]. Only the destinations of that environment are opened.
// resource.environment is the environment, unless the file says another. The
// notices go to Options.OnNotice or stderr, once. Of what the file names for
// sealing, it loads the keys.
//
// A program that sets options of its own (OnError, Next, Trace) calls handler.New
// itself.
func (c *Config) Open(environment string) (*handler.Handler, error) {
	routes, secrets, err := c.decodeRoutes(environment)
	if err != nil {
		return nil, err
	}
	o := c.HandlerOptions()
	if o.Keys, o.HashKey, err = c.LoadKeys(context.Background()); err != nil {
		return nil, err
	}
	o.Resource.Environment = cmp.Or(o.Resource.Environment, environment)
	h, err := handler.New(routes, o)
	if err != nil {
		return nil, c.placed(environment, err, secrets)
	}
	c.lineage.start(c)
	c.notify(routes)
	return h, nil
}

// Apply puts the routes and levels of an environment in force in a handler that
// runs: handler.Reload with Renames, and then SetLevels; in between, new routes
// without levels go by the old default. The keys file of logging.sealing is read
// again, too, so that a rotated key is in use. After an error the old ones are in
// force. Levels that were set otherwise since are those of the file again.
//
// What else the file says (buffer, resource, add_source, …) takes effect with the
// next start of the program. That such keys have changed is a notice, in
// Options.OnNotice or on stderr, once for each change, if c comes by
// [Config.Reread] from what was opened, as with package watch. It is no error, as
// routes and levels are in force. A file that was loaded anew has nothing to
// compare with: [Config.Waiting] returns the same keys.
func (c *Config) Apply(h *handler.Handler, environment string) error {
	routes, secrets, err := c.decodeRoutes(environment)
	if err != nil {
		return err
	}
	if ring := h.Keys(); ring != nil && c.sealing.KeysFile != "" {
		if err := ring.Reload(context.Background()); err != nil {
			return c.keysError("keys_file", err)
		}
	}
	if err := h.Reload(routes, c.renames()); err != nil {
		return c.placed(environment, err, secrets)
	}
	if err := h.SetLevels(c.levelsNow()); err != nil {
		return err
	}
	if keys := c.lineage.apply(c); len(keys) > 0 {
		c.say(c.waits(keys))
	}
	return nil
}

// levelsNow is the spec that is in force with this file. Levels can be changed
// and not taken back, so that no level is one that is below all.
func (c *Config) levelsNow() string {
	if c.leveled {
		return c.levels
	}
	return strconv.Itoa(math.MinInt32)
}

// notify says what is worth knowing. That records wait in memory is not, where
// none has to wait.
func (c *Config) notify(routes []route.Route) {
	waits := slices.ContainsFunc(routes, func(r route.Route) bool { return !r.Direct })
	for _, notice := range c.Notices() {
		if waits || notice != c.inMemory {
			c.say(notice)
		}
	}
}

// say hands a notice on. c.mu and the lineage's are not held: what the program does
// with it is not known.
func (c *Config) say(notice string) {
	if c.opts.OnNotice != nil {
		c.opts.OnNotice(notice)
		return
	}
	fmt.Fprintln(os.Stderr, notice)
}
