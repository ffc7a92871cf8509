package main

// The parts of the page that no comment of a field has.

const pageHead = "# Reference of the configuration file\n\n" + `A file for package [config](.), YAML or JSON. Below are all keys; what a key means is said by the Go field that it sets, from
whose comment this page is made. Keys are those fields' names in snake case: MaxInFlight is ` + "`max_in_flight`" + `. An editor that knows
JSON Schema completes and checks a file that begins with

    # yaml-language-server: $schema=https://raw.githubusercontent.com/slogship/slogship/main/route/config/schema.json

` + "```yaml" + `
logging:
  level: ${LOG_LEVEL:INFO}
  resource: {service: shop}
  buffer: {dir: /var/lib/shop/log, max_disk: 2GiB}
  routes:
    - environment: development
      output: stdout
    - name: main
      environment: production
      output: syslog+tls://logserver.example.com
      levels: ">=INFO"
    - name: search
      environment: [staging, production]
      match: {tenant: [eu, us]}
      output:
        type: elasticsearch+https
        urls: [https://es1.example.com:9200, https://es2.example.com:9200]
        username: shop
        password_file: /run/secrets/elastic
        encoder: {type: ecs, labels: true}
      debug_on_error: {from: DEBUG}
` + "```" + `

`

const pageValues = "\n## Values\n\n" + `| value | how it is written |
|---|---|
| text | any scalar |
| number | ` + "`0.25`, or as a share `25%`" + ` |
| size | bytes with a unit: ` + "`100MB` (1000), `64KiB` (1024), `1.5GiB`" + `; 0 and negative numbers, where a key gives them a meaning, need none |
| duration | ` + "`250ms`, `30s`, `1h30m`, `7d`, `2w`" + `; 0 needs no unit |
| level | ` + "`TRACE`, `DEBUG`, `INFO`, `NOTICE`, `WARN`, `ERROR`, `FATAL`, with an offset (`INFO+1`), or a number as slog counts; other names for them (`WARNING`, `CRITICAL`)" + ` in any case |
| levels | a list of levels, where TRACE, DEBUG, INFO, WARN and ERROR each cover what lies up to the next of these five; a bound, ` + "`\">=WARN\"`; `{min: DEBUG, max: INFO}`; or `all`" + ` |
| one of … | in any case; "-" and "_" make no difference |
| list | ` + "`[a, b]`, or in one text with commas: `a,b`" + ` |
| mapping | ` + "`{key: value}`; in a URL with dots: `?tls.ca_file=/etc/ca.pem`. `true` is a mapping with nothing but defaults, where one can be left out (`tls: true`)" + ` |
| reference | within any text: ` + "`${NAME}`, `${NAME:default}`, `${file:/run/secrets/x}`; `$${` is `${`" + ` |

## Matchers

` + "`match`" + ` takes records by attributes, named by their dotted path, and by what is not an attribute. All keys of one mapping have to agree.
An attribute that is called as one of the keys below stands below ` + "`attributes`" + `.

| key | value | takes a record |
|---|---|---|
| an attribute | a value, a list of values, or a mapping of conditions | whose attribute is that value, or one of them; or fulfils all conditions |
| ` + "`attributes`" + ` | a mapping of attributes | as above |
| ` + "`message`" + ` | a text, a list, or ` + "`{regexp: …}`" + ` | whose message contains it, or one of them, or fits |
| ` + "`scope`" + ` | a text, or a list | of a logger with that name, or one below it |
| ` + "`group`" + ` | a text, or a list | with attributes in that group |
| ` + "`package`" + ` | a text, or a list | logged by the package with that import path, or one below it |
| ` + "`sampled`" + ` | true or false | whose trace is sampled, or not (W3C trace flag) |
| ` + "`all`, `any`" + ` | a list of matchers | that all of them take, or one |
| ` + "`not`" + ` | a matcher | that it does not take |

Conditions of an attribute: ` + "`equals`, `in`, `min`, `max`, `regexp`, `exists`, `not`" + `.
`

const outputsText = `An output is a URL, whose parameters are options by their keys; or a mapping with the ` + "`type`" + ` and options; or a mapping with the
` + "`url`" + ` and options. Several hosts have commas between them. User names, passwords and parameters have % escapes as in any URL, which
what references stand for does not need.

Types that end in "s" or "+tls" speak TLS, and so does ` + "`sentry`" + `. Of the others, records can be read on the way. Where they can carry a password at all
(` + "`amqp`, `kafka`, `grpc`) `allow_plaintext`" + ` has to be said for that; those that speak HTTP carry none, and their type sets
` + "`allow_plaintext`" + ` for the records.

There is no type for package memory: what a file sends there, nobody could read.

`

// fileKeys are the keys of logging that are no fields of handler.Options. Never
// written to.
var fileKeys = []option{
	{key: "routes", form: "list of [routes](#routes)", fallback: "required", meaning: "Where records go. A record goes to each route that takes it."},
	{key: "level", form: "[level](#values), or levels by scope", fallback: "every level",
		meaning: "The levels of routes that have none of their own: `INFO`, `\"db=DEBUG,http.client=WARN,INFO\"` or `{db: DEBUG, default: INFO}`. It is no gate: a route with levels takes those."},
	{key: "buffer", form: "[buffer](#buffer)", fallback: "in memory", meaning: "Where records wait for their destination."},
	{key: "sealing", form: "[sealing](#sealing)", fallback: "no keys", meaning: "Where the keys are that policies (`fields`) and `encrypt_buffers` need."},
	{key: "environments", form: "names with [environments](#environments)", fallback: "those that routes name", meaning: "What inherits from what. A route that names another environment is then an error."},
	{key: "rename", form: "names with text", fallback: "none", meaning: "Old names of routes and their new ones, for reloading: the new route takes over the buffer."},
}

// sealingKeys are the keys of logging.sealing. Never written to.
var sealingKeys = []option{
	{key: "keys_file", form: "path", fallback: "none", meaning: "The file of keys, one a line: an id, a space, 32 bytes in base64. The first seals, all open. It is read when the handler is opened and again by `Apply`, and should be readable by its owner alone."},
	{key: "hash_key_file", form: "path", fallback: "none", meaning: "The file with the one key that `do: hash` hashes with: to name it is the consent to what a hash gives away."},
}

// routeKeys are the keys of a route that are no fields of route.Route. Never
// written to.
var routeKeys = []option{
	{key: "environment", form: "text, or list of text", fallback: "every environment", meaning: "The environments that the route is in."},
}
