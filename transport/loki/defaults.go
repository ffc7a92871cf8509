package loki

import (
	"cmp"
	"fmt"
	"maps"
	"net/textproto"
	"strings"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport/httpstatus"
)

const (
	mostRecords = 100_000
	mostBytes   = 16 << 20

	// leastLine leaves room for a mark and something to be marked.
	leastLine = 1 << 10
)

// withDefaults is the one place where defaults are applied and values checked
// that stand alone.
func (d Destination) withDefaults() (Destination, error) {
	d.MaxLine = cmp.Or(d.MaxLine, DefaultMaxLine)
	d.MaxMetadata = cmp.Or(d.MaxMetadata, DefaultMaxMetadata)
	d.MaxMetadataCount = cmp.Or(d.MaxMetadataCount, DefaultMaxMetadataCount)
	d.MaxSkew = cmp.Or(d.MaxSkew, DefaultMaxSkew)
	d.MaxRecords = cmp.Or(d.MaxRecords, DefaultMaxRecords)
	d.MaxBytes = cmp.Or(d.MaxBytes, DefaultMaxBytes)
	d.MaxInFlight = cmp.Or(d.MaxInFlight, DefaultMaxInFlight)
	if d.NoMetadata && d.Encoder == nil {
		d.Encoder = encode.JSONLines{}
	}
	if d.ResourceLabels == nil {
		d.ResourceLabels = DefaultResourceLabels()
	}
	if err := d.check(); err != nil {
		return d, err
	}
	if d.Encoder != nil {
		if err := option.Wrap("loki", "Encoder", encode.Validate(d.Encoder)); err != nil {
			return d, err
		}
		d.Encoder = bounded(d.Encoder, d.MaxLine)
	}
	return d, nil
}

func (d *Destination) check() error {
	if err := option.Check("loki", option.Fields{
		{"Format", d.Format, d.Format > JSON, "Protobuf or JSON"},
		{"MaxLine", d.MaxLine, d.MaxLine < leastLine, fmt.Sprintf("%d bytes or more", leastLine)},
		{"MaxMetadata", d.MaxMetadata, d.MaxMetadata < leastMetadata, fmt.Sprintf("%d bytes or more", leastMetadata)},
		{"MaxMetadataCount", d.MaxMetadataCount, d.MaxMetadataCount < leastCount, fmt.Sprintf("%d or more", leastCount)},
		{"MaxRecords", d.MaxRecords, d.MaxRecords < 0 || d.MaxRecords > mostRecords, fmt.Sprintf("1 to %d", mostRecords)},
		{"MaxBytes", d.MaxBytes, d.MaxBytes < 0 || d.MaxBytes > mostBytes, fmt.Sprintf("1 to %d", mostBytes)},
	}); err != nil {
		return err
	}
	return checkTenant(d.Tenant)
}

// checkTenant is what Loki asks of one
// (https://grafana.com/docs/loki/latest/operations/multi-tenancy/). It would
// refuse each request with 400, which is said of records; and "a|b", by which
// queries name several, is none to write to.
func checkTenant(tenant string) error {
	odd := strings.ContainsFunc(tenant, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!-_.*'()", r))
	})
	return option.Check("loki", option.Fields{
		{"Tenant", tenant, odd || len(tenant) > 150 || tenant == "." || tenant == "..", "at most 150 letters, digits and !-_.*'(), and neither . nor .."},
	})
}

const tenantHeader = "X-Scope-Orgid"

// headers are the configured ones with the tenant's.
func (d *Destination) headers() (map[string]string, error) {
	if d.Tenant == "" {
		return d.Headers, nil
	}
	all := maps.Clone(d.Headers)
	if all == nil {
		all = make(map[string]string)
	}
	for name := range all {
		if textproto.CanonicalMIMEHeaderKey(name) == tenantHeader {
			return nil, fmt.Errorf("loki: Headers %q: %w: want none that Tenant sets", name, ErrConfig)
		}
	}
	all[tenantHeader] = d.Tenant
	return all, nil
}

// pushURL adds the path of the API.
func (d *Destination) pushURL() (string, error) {
	u, err := httpstatus.ParseURL(d.URL, "https", "http")
	if err != nil {
		return "", option.Wrap("loki", "URL", err)
	}
	if !strings.HasSuffix(u.Path, "/push") {
		u = u.JoinPath("loki", "api", "v1", "push")
	}
	return u.String(), nil
}

// bounded lets this module's encoders cut what does not fit into a line, so that
// it is still what `| json` or `| logfmt` can read. A quarter is for what they
// write besides message and attributes.
func bounded(enc encode.Encoder, maxLine int) encode.Encoder {
	most := maxLine / 4 * 3
	switch e := enc.(type) {
	case encode.JSONLines:
		e.MaxBytes = cmp.Or(e.MaxBytes, most)
		return e
	case encode.Logfmt:
		e.MaxBytes = cmp.Or(e.MaxBytes, most)
		return e
	case encode.ECS:
		e.MaxBytes = cmp.Or(e.MaxBytes, most)
		return e
	}
	return enc
}
