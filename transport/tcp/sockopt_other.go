//go:build !linux

package tcp

import "time"

const (
	hasUserTimeout = false
	hasFastOpen    = false
	maxUserTimeout = time.Duration(0)
)

func (d *Destination) setPlatform(int) error { return nil }
