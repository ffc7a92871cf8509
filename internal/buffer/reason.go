package buffer

// Reason says why a record was lost. Reasons are persisted: never renumber.
type Reason uint8

// The closed set of reasons; 0 is invalid.
const (
	QueueOverflow Reason = 1
	TooOld        Reason = 2
	Refused       Reason = 3
	DiskStalled   Reason = 4
	Sampled       Reason = 5
	RateLimited   Reason = 6
	Deduplicated  Reason = 7
	Closed        Reason = 8
)

// Reasons is the size of an array that is indexed by Reason.
const Reasons = 9

// Counts are records by reason and level index.
type Counts [Reasons][Levels]uint64

// String returns the reason's name in counters and loss reports.
func (r Reason) String() string {
	switch r {
	case QueueOverflow:
		return "queue_overflow"
	case TooOld:
		return "too_old"
	case Refused:
		return "refused"
	case DiskStalled:
		return "disk_stalled"
	case Sampled:
		return "sampled"
	case RateLimited:
		return "rate_limited"
	case Deduplicated:
		return "deduplicated"
	case Closed:
		return "closed"
	default:
		return "invalid"
	}
}

// Total returns the sum of all counts.
func (c *Counts) Total() uint64 {
	var n uint64
	for r := range c {
		for _, v := range c[r] {
			n += v
		}
	}
	return n
}

func (c *Counts) add(o *Counts) {
	for r := range c {
		for l := range c[r] {
			c[r][l] += o[r][l]
		}
	}
}
