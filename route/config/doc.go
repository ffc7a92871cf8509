// Package config reads routes from a file, YAML or JSON:
//
//	logging:
//	  level: ${LOG_LEVEL:INFO}
//	  buffer: {dir: /var/lib/shop/logs}
//	  resource: {service: shop}
//	  routes:
//	    - environment: development
//	      output: stdout?encoder=text
//	      direct: true
//	    - environment: production
//	      levels: [WARN, ERROR]
//	      match: {any: [{tenant: eu}, {http.status: {min: 500}}]}
//	      output: syslog+tls://logs.internal:6514
//
// and in the program:
//
//	cfg, err := config.Load("logging.yaml", &config.Options{Schemes: all.Schemes()})
//	if err != nil { … }
//	h, err := cfg.Open(os.Getenv("APP_ENV"))
//
// REFERENCE.md, beside this file, lists every key of every destination; editors
// check a file by schema.json. Package watch puts a changed file in force. It
// stands above package handler, as a program does, and links a YAML library; a
// program whose routes are in Go links neither.
//
// # Keys
//
// Keys are the names of Go's fields in snake case: route.Route's MaxInFlight is
// max_in_flight, and so for every field of handler.Options, destinations and
// encoders that data can fill. Functions and objects are the program's: it takes
// Config.HandlerOptions, adds them, and calls handler.New. A key that nobody knows
// is an error, and so is one that is given twice.
//
// logging.level is a level, or levels by scope ("db=DEBUG,INFO", or {db: DEBUG,
// default: INFO}); it is what routes without levels take, and not a gate before
// the others. Without it they take all. logging.buffer is where records wait on
// disk: {dir, max_disk, min_free}; with an empty mapping it is the state directory
// of resource.service (handler.StateDir). Without the key they wait in memory,
// which Config.Open says on stderr.
//
// logging.fields and a route's fields are policies of package crypto; logging.sealing
// names the files of the keys that they need, keys_file and hash_key_file.
//
// # Values
//
//   - A duration has units: 30s, 1h30m, 250ms, 7d, 2w.
//   - A size in bytes has one too: 100MB is 10^8, 100MiB is 100 * 2^20, and 100 is
//     an error, as is 100M, which half the world takes for the one and half for
//     the other. 0 is the default of a field, and where a negative size or duration
//     means none, it is -1 or -1s.
//   - A share is 0.25 or 25%.
//   - true and false alone are booleans. A pointer to a struct may be one of them:
//     tls: true.
//   - Levels are a list, a text with commas, a bound (">=WARN"), {min: DEBUG, max:
//     INFO}, or all.
//   - A list of one may stand without the brackets.
//   - "<<" and aliases work as in other YAML files; keys at the top that begin with
//     "x-" are for anchors.
//
// # Outputs
//
// An output is a URL, whose parameters are further fields
// ("file:///var/log/x.json?max_size=100MB&encoder=ecs",
// "syslog+tls://logs:6514?tls.ca_file=/etc/ca.pem"); or a mapping with its type,
// which is the scheme of the URL, and fields; or a mapping with a url and fields.
// Fields that hold destinations are outputs again:
//
//	output:
//	  type: failover
//	  members: ["relp://a:2514", {type: https, url: "https://b/v1/logs", token_file: /run/secrets/b}]
//	  heartbeat_interval: 5s
//
// A route without a name gets one from its environment and the output's scheme,
// host and path, as they stand in the file: "production-syslog-logs-internal-6514".
// Names are directories: whoever expects the host to change gives the route one.
//
// # Matchers
//
// All keys of a matcher have to agree. A key is the path of an attribute, and its
// value what that has to be: a value, a list of them, or a mapping with some of
// equals, in, min, max, regexp, exists and not. Other keys are all, any (lists of
// matchers), not (a matcher), message (a text within it, or {regexp: …}), scope,
// group, package, sampled, and attributes, below which every key is an attribute.
//
//	match: {tenant: [eu, us], not: {user.agent: {regexp: ^kube-probe/}}}
//
// A value without quotes is a number or a boolean if it looks like one: 5 and "5"
// are not equal, here as in slog.
//
// # References
//
// In values, and nowhere else, ${NAME} is the variable of the environment,
// ${NAME:default} has a default, ${file:/run/secrets/x} is the content of a file
// less one line break at its end, and $${ stands for ${ itself. A variable that is
// empty counts as missing. They are replaced after the file was parsed and taken
// apart, so that what they hold is data: it can bring no key into the file, no
// further reference, and in a URL no host, path or parameter from another part of
// it; a password in a URL needs no escaping. A value that is one reference and
// nothing else may be a whole URL. Within { } or [ ] a reference needs quotes, by
// YAML's rules. Names and environments of routes cannot have references: buffers
// are found by them.
//
// # Environments
//
// environment is a name or a list of names; a route without it is there in all.
// Those exist that routes name, or, where there is the key environments, those
// that it lists, and then another name is an error:
//
//	environments:
//	  base: {abstract: true}
//	  staging: {inherits: base}
//	  production: {inherits: base, without: [debug]}
//
// with the rules of route.Environments. Config.Environments lists those that can be
// chosen.
//
// Parse checks every environment, with the defaults of references, and looks up
// nothing for the routes. Routes looks up what those of the one environment refer
// to, and Open opens those. So a laptop needs no secret of production to start, and
// a test that loads the file finds mistakes in all environments. What level, buffer
// and the other keys of logging refer to is needed by all, and by Parse.
//
// # Changes
//
// Config.Apply puts routes and levels of a changed file in force in a handler that
// runs, and the keys of sealing.keys_file. The other keys of logging wait for the
// next start of the program: it tells Options.OnNotice which of them have changed,
// and Config.Waiting returns them.
//
// # Errors
//
// An error of this package is [Errors]: everything that is wrong with the file, in
// the order of its lines, each an [Error] with file, line, column, key, value, what
// is allowed, and the nearest known name. What a reference stands for is never in
// it, nor are values of keys that look like credentials; a URL is shown without its
// user information, the values of its parameters, and path segments like tokens.
// But for the words of a destination that Open or Apply opens: they may quote what
// a variable stands for (a directory that is not there, a host), and what is from
// a file is masked in them.
// The testdata has more than 300 broken files with what is said about each.
//
// # Limits
//
// A file has at most 1 MiB, 20,000 values (an alias counts as what it stands for)
// and 32 levels; a secret 64 KiB; a value 100 references.
package config
