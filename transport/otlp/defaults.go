package otlp

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/slogship/slogship/transport/httpstatus"
)

const (
	mostRecords  = 100_000
	mostBytes    = 16 << 20
	leastRequest = 64 << 10
	mostRequest  = 64 << 20
)

// withDefaults is the one place where defaults are applied and values checked
// that stand alone.
func (d Destination) withDefaults() (Destination, error) {
	if d.Lookup == nil {
		d.Lookup = os.LookupEnv
	}
	if err := (environment{d.Lookup}).apply(&d); err != nil {
		return d, err
	}
	most := DefaultMaxMessageHTTP
	if d.Protocol == GRPC {
		most = DefaultMaxMessageGRPC
	}
	d.MaxMessage = cmp.Or(d.MaxMessage, most)
	d.MaxRecords = cmp.Or(d.MaxRecords, DefaultMaxRecords)
	d.MaxBytes = cmp.Or(d.MaxBytes, DefaultMaxBytes)
	d.MaxInFlight = cmp.Or(d.MaxInFlight, DefaultMaxInFlight)
	d.Timeout = cmp.Or(d.Timeout, DefaultTimeout)
	if d.Service == "" {
		r, err := DetectResource(d.Lookup)
		if err != nil {
			return d, err
		}
		d.Service = r.Service
	}
	return d, d.check()
}

func (d *Destination) check() error {
	switch {
	case d.Protocol != HTTP && d.Protocol != GRPC:
		return fmt.Errorf("otlp: Protocol %v: HTTP and GRPC are known: %w", d.Protocol, ErrConfig)
	case d.Compression != Gzip && d.Compression != Uncompressed:
		return fmt.Errorf("otlp: Compression %v: Gzip and Uncompressed are known: %w", d.Compression, ErrConfig)
	case d.MaxRecords < 0 || d.MaxRecords > mostRecords:
		return fmt.Errorf("otlp: MaxRecords %d: 1 to %d: %w", d.MaxRecords, mostRecords, ErrConfig)
	case d.MaxBytes < 0 || d.MaxBytes > mostBytes:
		return fmt.Errorf("otlp: MaxBytes %d: 1 to %d: %w", d.MaxBytes, mostBytes, ErrConfig)
	case d.MaxMessage < leastRequest || d.MaxMessage > mostRequest:
		return fmt.Errorf("otlp: MaxMessage %d: %d to %d: %w", d.MaxMessage, leastRequest, mostRequest, ErrConfig)
	case d.Timeout < 0:
		return fmt.Errorf("otlp: Timeout %v: not below 0: %w", d.Timeout, ErrConfig)
	}
	return nil
}

// target adds the path of the API.
func (d *Destination) target() (string, error) {
	u, err := httpstatus.ParseURL(d.URL, "https", "http")
	if err != nil {
		return "", fmt.Errorf("otlp: URL: %w: %w", ErrConfig, err)
	}
	switch {
	case d.Protocol == GRPC:
		u = u.JoinPath(grpcPath)
	case !d.verbatim && !strings.HasSuffix(u.Path, "/v1/logs"):
		u = u.JoinPath("v1", "logs")
	}
	return u.String(), nil
}
