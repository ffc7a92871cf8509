package config

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

// Options say what a file may reach. Schemes is required; the zero value of every
// other field is its default.
type Options struct {
	// Schemes are the destinations that the file may name: all.Schemes() of
	// package transport/all, or a map of the program's own.
	Schemes Schemes

	// Lookup returns what ${NAME} stands for. Default: os.LookupEnv.
	Lookup func(name string) (value string, ok bool)

	// Embedded says that the file is the application's own and logging one of its
	// keys: the others are left alone. Default: another key than logging, and
	// those that begin with "x-", is an error.
	Embedded bool

	// OnNotice gets, from [Config.Open] and [Config.Apply], what is worth knowing
	// and no error, one line each. It is called by the goroutine that called them.
	// Default: they are written to stderr.
	OnNotice func(notice string)
}

// Config is what a file says. It is immutable but for Renames, which the caller
// guards, and safe for concurrent use.
type Config struct {
	// Renames are the new names of routes by their old ones: the key rename of the
	// file. HandlerOptions and Apply hand them on.
	Renames map[string]string

	opts         Options
	file         string
	routes       []*routeNode
	environments route.Environments    // of routes that have a name and nothing else
	declared     map[string]*yaml.Node // where the file says what they inherit
	byName       map[string]map[string]*routeNode
	handler      handler.Options
	sealing      sealingKeys
	levels       string // spec of logging.level
	leveled      bool   // there is one
	inMemory     string // the notice that records wait in memory; "" if they do not
	digest       [sha256.Size]byte
	files        []string
	secrets      []string // in what HandlerOptions returns
	lineage      *lineage

	mu    sync.Mutex
	keyed []string // guarded by mu; notices about the files of sealing
}

// Load reads the file at path, YAML or JSON, of at most 1 MiB. The error is
// [Errors], with everything that is wrong with it.
func Load(path string, opts *Options) (*Config, error) {
	text, err := readFile(path, maxFile+1)
	if err != nil {
		return nil, Errors{{File: path, Problem: "it cannot be read: " + reason(err), Err: errors.Join(ErrRead, err)}}
	}
	return Parse(path, text, opts)
}

// readFile reads at most limit bytes; more is an error.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// A directory opens everywhere, and what reading it says is another text on each
	// platform. Other kinds are fine: a secret may well come through a pipe.
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("it is a directory")
	}
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("it holds more than %d bytes", limit)
	}
	return text, err
}

// Parse is Load of a text; name stands for the file in errors.
//
// It checks all of it: keys, values, names of routes, in every environment. What
// it takes from the process is what all environments need: what level, buffer,
// resource and other keys of logging refer to. References within routes are
// looked up by [Config.Routes], for the routes of one environment, so that a
// laptop needs none of production's variables and secrets to run, or to check,
// the file; a reference with a default is checked with that.
func Parse(name string, text []byte, opts *Options) (*Config, error) {
	c := &Config{file: name, Renames: map[string]string{}, digest: sha256.Sum256(text), lineage: &lineage{}}
	c.lineage.start(c)
	if opts != nil {
		c.opts = *opts
	}
	if c.opts.Lookup == nil {
		c.opts.Lookup = os.LookupEnv
	}
	root, bad := parse(text)
	if bad != nil {
		bad.File = name
		return nil, Errors{bad}
	}
	if errs := inspect(root); len(errs) > 0 {
		for _, e := range errs {
			e.File = name
		}
		return nil, errs.err()
	}
	d := c.decoder(false)
	c.root(d, root)
	c.files = references(root, nil)
	if err := d.errs.err(); err != nil {
		return nil, err
	}
	c.secrets = d.secrets
	return c, nil
}

// decoder returns a decoder of its own for each pass: errors of one are not those
// of the next, and Routes may run in several goroutines.
func (c *Config) decoder(check bool) *decoder {
	return &decoder{file: c.file, schemes: c.opts.Schemes, lookup: c.opts.Lookup, readFile: readFile, check: check}
}

// Environments returns the names of the environments that can be chosen,
// sorted. There are none if no route names one: then the routes are those of
// any.
func (c *Config) Environments() []string {
	if len(c.environments) == 1 {
		if _, any := c.environments[anyEnvironment]; any {
			return nil
		}
	}
	return c.environments.Names()
}

// Notices returns what is worth knowing and no error: that nothing is kept on
// disk, and what LoadKeys and Open found about the files of sealing.
func (c *Config) Notices() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inMemory == "" {
		return slices.Clone(c.keyed)
	}
	return append([]string{c.inMemory}, c.keyed...)
}

// HandlerOptions returns what the file says of the handler, for the program to
// add its functions to. Each call returns a copy.
func (c *Config) HandlerOptions() *handler.Options {
	o := c.handler
	o.Rename = c.renames()
	if c.leveled {
		o.Levels, _ = route.NewScopeLevels(c.levels) // it was checked
	}
	return &o
}

// File returns the name that was given to Load or Parse.
func (c *Config) File() string { return c.file }

// Digest returns the SHA-256 of the text that c was parsed from.
func (c *Config) Digest() [sha256.Size]byte { return c.digest }

// Files returns the files that references of c name, in any environment, sorted.
func (c *Config) Files() []string { return slices.Clone(c.files) }

// Reread loads the file again, with the same options. c stays as it is. What it
// returns knows what c and those before it began with: see [Config.Apply].
func (c *Config) Reread() (*Config, error) {
	next, err := Load(c.file, &c.opts)
	if err != nil {
		return nil, err
	}
	next.lineage = c.lineage
	return next, nil
}

// references adds the files that values of n refer to.
func references(n *yaml.Node, files []string) []string {
	for _, child := range n.Content { // an alias has none: its anchor is met where it stands
		files = references(child, files)
	}
	t, _ := split(n.Value)
	for _, ref := range t.refs {
		if ref.file != "" && !slices.Contains(files, ref.file) {
			files = append(files, ref.file)
		}
	}
	slices.Sort(files)
	return files
}

// renames is a copy, as Renames is the caller's to change.
func (c *Config) renames() map[string]string { return maps.Clone(c.Renames) }
