package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/option"
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
	c.notify(routes)
	return h, nil
}

// Apply puts the routes and levels of an environment in force in a handler that
// runs: handler.Reload with Renames, and then SetLevels; in between, new routes
// without levels go by the old default. The keys file of logging.sealing is read
// again, too, so that a rotated key is in use. After an error the old ones are in
// force. What else the file says (buffer, resource, add_source, …) takes effect
// with the next start. Levels that were set otherwise since are those of the file
// again.
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
	return h.SetLevels(c.levelsNow())
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
	waits := false
	for i := range routes {
		waits = waits || !routes[i].Direct
	}
	if !waits {
		return
	}
	for _, notice := range c.notices {
		if c.opts.OnNotice != nil {
			c.opts.OnNotice(notice)
			continue
		}
		fmt.Fprintln(os.Stderr, notice)
	}
}

// placed returns an error of handler.New with the lines of the routes that it is
// about, and without secrets from files, which are in it where one stands for
// what a destination shows, as a path. What came from variables may be shown:
// what directory could not be made is what a person needs to know.
func (c *Config) placed(environment string, err error, secrets []string) error {
	nodes, names, unknown := c.chosen(environment)
	all := []error{err}
	secrets = append(secrets, c.secrets...)
	if several, ok := err.(interface{ Unwrap() []error }); ok && unknown == nil {
		all = several.Unwrap()
	}
	var errs Errors
	for _, err := range all {
		e := &Error{File: c.file, Err: without(err, secrets)}
		if re, ok := errors.AsType[*handler.RouteError](err); ok {
			if i := slices.Index(names, re.Route); i >= 0 {
				e.Key, e.Line, e.Column = nodes[i].path, nodes[i].node.Line, nodes[i].node.Column
				if at := c.field(environment, err, nodes[i]); at != nil {
					at.Err = errors.Join(at.Err, e.Err)
					errs = append(errs, at)
					continue
				}
				if bad, ok := errors.AsType[*option.FieldError](err); ok {
					nodes[i].place(e, bad.Field)
				}
			}
		}
		e.Problem = strings.ReplaceAll(e.Err.Error(), "\n", "; ")
		errs = append(errs, e)
	}
	return errs.err()
}

// field returns the error of one field of a route, which only an open transport
// could be asked about, at its key; nil if err is about none.
func (c *Config) field(environment string, err error, r *routeNode) *Error {
	bad, ok := errors.AsType[*route.FieldError](err)
	if !ok {
		return nil
	}
	d := c.decoder(false)
	if d.invalid(environment, bad, nil, r); len(d.errs) == 0 {
		return nil
	}
	return d.errs[0]
}

// without returns err, or if it shows a secret an error with the rest of its text.
func without(err error, secrets []string) error {
	text := err.Error()
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, mask)
	}
	if text == err.Error() {
		return err
	}
	if re, ok := errors.AsType[*handler.RouteError](err); ok {
		prefix := (&handler.RouteError{Route: re.Route, Err: errors.New("")}).Error()
		return &handler.RouteError{Route: re.Route, Err: errors.New(strings.TrimPrefix(text, prefix))}
	}
	return errors.New(text)
}

// place lets e name the key of a field of the route's destination, and where it
// is. Of a group it is not known which member's field it is.
func (r *routeNode) place(e *Error, field string) {
	at := follow(r.output)
	e.Key, e.Line, e.Column = r.path+".output", at.Line, at.Column
	if at.Kind == yaml.MappingNode && valueAt(at, "members") != at {
		return
	}
	for part := range strings.SplitSeq(field, ".") {
		if strings.ContainsFunc(part, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
			return // "CertFile and KeyFile" are two
		}
		e.Key += "." + keyOf(part)
		if value := valueAt(at, keyOf(part)); at.Kind == yaml.MappingNode && value != at {
			at, e.Line, e.Column = value, value.Line, value.Column
		}
	}
}
