package codec

import (
	"fmt"

	"github.com/slogship/slogship/encode"
)

// ResourceLimit bounds what AppendResource appends, in bytes: the buffer
// stores it in the head of each segment.
const ResourceLimit = 64 << 10

// resourceVersion is the first byte of an encoded resource. It counts on its
// own: the two forms change at different times.
const resourceVersion = 1

// AppendResource appends r to dst and returns the extended slice:
//
//	+---------+---------+---------+-------------+----------+------+-----+-------------+
//	| version | service | version | environment | instance | host | pid | entries ... |
//	+---------+---------+---------+-------------+----------+------+-----+-------------+
//
// Its attributes are encoded as those of records. What does not fit into
// ResourceLimit is cut and counted in an attribute named [Truncated].
func AppendResource(dst []byte, r *encode.Resource) []byte {
	var b builder
	start := len(dst)
	dst = append(dst, resourceVersion)
	for _, s := range [...]string{r.Service, r.Version, r.Environment, r.Instance, r.Host} {
		dst = b.name(dst, s)
	}
	dst = appendVarint(dst, int64(r.PID))
	for _, a := range r.Attrs {
		before := len(dst)
		if dst = AppendAttr(dst, a); len(dst)-start > ResourceLimit-cutSize {
			dst = dst[:before]
			b.cut++
		}
	}
	return b.finish(dst)
}

// ParseResource reads what AppendResource wrote. The resource shares no memory
// with data. It returns an error that wraps ErrCorrupt or ErrVersion.
func ParseResource(data []byte) (*encode.Resource, error) {
	p := string(data)
	if p == "" || p[0] == 0 {
		return nil, fmt.Errorf("codec: parse resource: %w", ErrCorrupt)
	}
	if p[0] > resourceVersion {
		return nil, fmt.Errorf("codec: parse resource: %w", ErrVersion)
	}
	r := new(encode.Resource)
	i := 1
	for _, s := range [...]*string{&r.Service, &r.Version, &r.Environment, &r.Instance, &r.Host} {
		*s, i = readString(p, i)
	}
	pid, i := readVarint(p, i)
	r.PID = int(pid)
	if i < 0 {
		return nil, fmt.Errorf("codec: parse resource: %w", ErrCorrupt)
	}
	var d Decoder // its memory becomes the resource's
	var err error
	if r.Attrs, err = d.attributes(p, i); err != nil {
		return nil, fmt.Errorf("codec: parse resource: %w", err)
	}
	return r, nil
}
