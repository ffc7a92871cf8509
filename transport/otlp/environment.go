package otlp

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/slogship/slogship/transport/tlsconfig"
)

// environment reads the standard's variables
// (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). A variable that
// is empty is one that is not set.
type environment struct {
	lookup func(string) (string, bool)
}

const (
	prefixAll  = "OTEL_EXPORTER_OTLP_"
	prefixLogs = "OTEL_EXPORTER_OTLP_LOGS_"
)

// get is a variable without the white space that files with variables leave.
func (e environment) get(name string) string {
	value, _ := e.lookup(name)
	return strings.TrimSpace(value)
}

// exporter returns the variable of this name for logs, or the one for all
// signals, and which of them it was.
func (e environment) exporter(name string) (variable, value string) {
	for _, prefix := range [...]string{prefixLogs, prefixAll} {
		if value := e.get(prefix + name); value != "" {
			return prefix + name, value
		}
	}
	return prefixAll + name, ""
}

// apply fills the fields of d that are empty.
func (e environment) apply(d *Destination) error {
	if err := e.protocol(d); err != nil {
		return err
	}
	if err := e.endpoint(d); err != nil {
		return err
	}
	if err := e.headers(d); err != nil {
		return err
	}
	if err := e.timeout(d); err != nil {
		return err
	}
	if err := e.compression(d); err != nil {
		return err
	}
	e.tls(d)
	return nil
}

// protocol refuses http/json, which the standard calls optional: a collector takes
// protobuf as well.
func (e environment) protocol(d *Destination) error {
	if d.Protocol != 0 {
		return nil
	}
	switch variable, value := e.exporter("PROTOCOL"); value {
	case "", HTTP.String():
		d.Protocol = HTTP
	case GRPC.String():
		d.Protocol = GRPC
	default:
		return fmt.Errorf("otlp: %s %q: http/protobuf and grpc are known: %w", variable, value, ErrConfig)
	}
	return nil
}

// endpoint fills in URL. http:// in a variable is an operator's word for
// this installation, and the standard's own default is http://localhost: both are
// allowed without AllowPlaintext, which keeps a line of code from moving to where
// it should not be. Credentials are refused with either.
func (e environment) endpoint(d *Destination) error {
	if d.URL != "" {
		return nil
	}
	logs, all := e.get(prefixLogs+"ENDPOINT"), e.get(prefixAll+"ENDPOINT")
	switch {
	case logs != "":
		d.URL, d.verbatim = logs, d.Protocol == HTTP
	case all != "":
		d.URL = all
	case d.Protocol == GRPC:
		d.URL = "http://localhost:4317"
	default:
		d.URL = "http://localhost:4318"
	}
	if d.Protocol == GRPC && !strings.Contains(d.URL, "://") {
		insecure, err := e.insecure()
		if err != nil {
			return err
		}
		d.URL = map[bool]string{true: "http://", false: "https://"}[insecure] + d.URL
	}
	d.AllowPlaintext = true
	return nil
}

// insecure is for an endpoint without a scheme, which gRPC's may be.
func (e environment) insecure() (bool, error) {
	switch variable, value := e.exporter("INSECURE"); strings.ToLower(value) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, fmt.Errorf("otlp: %s %q: true and false are known: %w", variable, value, ErrConfig)
	}
}

// headers are key=value pairs as in a W3C baggage, separated by commas and
// escaped as URLs are. Errors do not show them: they are credentials.
func (e environment) headers(d *Destination) error {
	if d.Headers != nil {
		return nil
	}
	variable, value := e.exporter("HEADERS")
	pairs, err := parsePairs(value)
	if err != nil {
		return fmt.Errorf("otlp: %s: key=value,key=value is known: %w", variable, ErrConfig)
	}
	for _, p := range pairs {
		if d.Headers == nil {
			d.Headers = make(map[string]string)
		}
		d.Headers[p.key] = p.value
	}
	return nil
}

// timeout is in milliseconds. "10s" is refused and not guessed at: whoever wrote it
// would have got 10 ms.
func (e environment) timeout(d *Destination) error {
	variable, value := e.exporter("TIMEOUT")
	if d.Timeout != 0 || value == "" {
		return nil
	}
	ms, err := strconv.ParseUint(value, 10, 31)
	if err != nil || ms == 0 {
		return fmt.Errorf("otlp: %s %q: a number of milliseconds above 0: %w", variable, value, ErrConfig)
	}
	d.Timeout = time.Duration(ms) * time.Millisecond
	return nil
}

// compression keeps Gzip where nothing is said, although the standard's default is
// none: that is there for exporters whose receiver may not know it, and every
// collector does.
func (e environment) compression(d *Destination) error {
	if d.Compression != 0 {
		return nil
	}
	switch variable, value := e.exporter("COMPRESSION"); value {
	case "", Gzip.String():
		d.Compression = Gzip
	case Uncompressed.String():
		d.Compression = Uncompressed
	default:
		return fmt.Errorf("otlp: %s %q: gzip and none are known: %w", variable, value, ErrConfig)
	}
	return nil
}

// tls is for https:// only; a file that is named beside http:// is left alone,
// since the variables may be meant for another signal's endpoint.
func (e environment) tls(d *Destination) {
	if d.TLS != nil || !strings.HasPrefix(strings.ToLower(d.URL), "https://") {
		return
	}
	_, ca := e.exporter("CERTIFICATE")
	_, cert := e.exporter("CLIENT_CERTIFICATE")
	_, key := e.exporter("CLIENT_KEY")
	if ca != "" || cert != "" || key != "" {
		d.TLS = &tlsconfig.Options{CAFile: ca, CertFile: cert, KeyFile: key}
	}
}

// pair is one key=value.
type pair struct{ key, value string }

// parsePairs reads the form that OTEL_EXPORTER_OTLP_HEADERS and
// OTEL_RESOURCE_ATTRIBUTES have.
func parsePairs(text string) ([]pair, error) {
	var all []pair
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		key, value, found := strings.Cut(part, "=")
		key = strings.TrimSpace(key)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !found || key == "" || err != nil {
			return nil, ErrConfig // what does not parse may be a secret
		}
		all = append(all, pair{key, value})
	}
	return all, nil
}
