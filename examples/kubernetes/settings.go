package main

import (
	"fmt"
	"strconv"
	"time"
)

// settings are what the manifests set. STATE_DIRECTORY is not among them: it is
// handler.StateDir's.
type settings struct {
	collector string        // COLLECTOR_URL, required
	addr      string        // LISTEN
	grace     time.Duration // GRACE: less than terminationGracePeriodSeconds, for SIGKILL does not wait
	maxDisk   int64         // MAX_DISK_MIB: less than the volume holds
	minFree   int64         // MIN_FREE_MIB: what is left free on the volume; 0 is the library's default
	leftover  bool          // LEFTOVER: the volume goes with the pod, so what is left goes to stdout
	pod       string        // POD_NAME
	namespace string        // POD_NAMESPACE
	node      string        // NODE_NAME
}

// settingsFrom reads the environment. An unknown value is an error, not a
// default: a typing mistake in a manifest should not wait for an outage to show.
func settingsFrom(lookup func(string) (string, bool)) (*settings, error) {
	get := func(name, otherwise string) string {
		if v, ok := lookup(name); ok && v != "" {
			return v
		}
		return otherwise
	}
	s := &settings{
		collector: get("COLLECTOR_URL", ""),
		addr:      get("LISTEN", ":8080"),
		pod:       get("POD_NAME", ""),
		namespace: get("POD_NAMESPACE", ""),
		node:      get("NODE_NAME", ""),
	}
	var err error
	if s.grace, err = time.ParseDuration(get("GRACE", "25s")); err != nil {
		return nil, fmt.Errorf("settings: GRACE: %w", err)
	}
	if s.leftover, err = strconv.ParseBool(get("LEFTOVER", "false")); err != nil {
		return nil, fmt.Errorf("settings: LEFTOVER: %w", err)
	}
	for name, to := range map[string]*int64{"MAX_DISK_MIB": &s.maxDisk, "MIN_FREE_MIB": &s.minFree} {
		mib, err := strconv.ParseInt(get(name, "0"), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("settings: %s: %w", name, err)
		}
		*to = mib << 20
	}
	return s, nil
}
