package deliver

import (
	"math"
	"math/rand/v2"
	"time"
)

// backoff returns how long to wait after that many failures in a row: a random
// time below InitialInterval × Multiplier^(failures-1), at most MaxInterval.
// Full jitter (the whole interval is random, not a part of it) spreads a fleet
// whose workers all failed at one moment best.
func (o *Options) backoff(failures int) time.Duration {
	limit := float64(o.InitialInterval) * math.Pow(o.Multiplier, float64(failures-1))
	// Also catches the +Inf of a long outage, before it becomes a negative
	// Duration.
	if limit > float64(o.MaxInterval) {
		limit = float64(o.MaxInterval)
	}
	return time.Duration(rand.Float64() * limit)
}

// obey returns how long to wait when the destination asked for at least d: up
// to a tenth more. A thousand clients that a server turned away with the same
// Retry-After would come back as one.
func obey(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	d = min(d, math.MaxInt64/2) // 146 years; a tenth more than "for ever" would be no time at all
	return d + time.Duration(rand.Float64()*float64(d)/10)
}
