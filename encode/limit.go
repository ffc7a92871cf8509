package encode

// What a record may cost. Records that come out of the buffer were bounded when
// they were logged; these limits hold for any Record, since an encoder may be
// handed one by somebody else, and because escaping can make six bytes of one.
const (
	// defaultMaxBytes bounds what message and attributes of a record may take.
	defaultMaxBytes = 1 << 20

	// maxDepth is how deep groups, lists, causes and JSON values may nest.
	maxDepth = 64

	// maxAttrs is how many attributes one level of a record may have.
	maxAttrs = 1024

	// maxKeyLen is how long an attribute's key may be, in bytes.
	maxKeyLen = 1024

	// maxFrames is how many frames of a stack are written.
	maxFrames = 64

	// tooDeep stands where a value was left out for its depth.
	tooDeep = truncated + " nested too deep"
)

// limitFor returns the length that dst may grow to.
func limitFor(dst []byte, maxBytes int) int {
	if maxBytes <= 0 {
		maxBytes = defaultMaxBytes
	}
	return len(dst) + maxBytes
}
