package transport

import "time"

// MemberState is what a transport that is made of others says about one of
// them. It is a copy: whoever gets it may keep it.
type MemberState struct {
	Name    string `json:"name"`
	Healthy bool   `json:"healthy"` // it is sent to as a matter of course
	Active  bool   `json:"active"`  // of a Failover: the last batch went there; else: in use, that is Healthy

	Sent     uint64 `json:"sent"`     // records that it took, those that it got twice included
	Failures uint64 `json:"failures"` // Sends and Probes that failed
	Switches uint64 `json:"switches"` // how often a Failover went over to it from another member
	Late     uint64 `json:"late"`     // records that a Quorum acknowledged without it: it may never get them

	LastError   string    `json:"last_error,omitempty"` // without user information of URLs, at most 512 bytes
	LastErrorAt time.Time `json:"last_error_at,omitzero"`

	Members []MemberState `json:"members,omitempty"` // of a group within the group
}

// Stater is implemented by transports that are made of others.
type Stater interface {
	// State returns the members' state, in the order of the configuration. It
	// may be called at any time, by any goroutine, also after Close, and does
	// not wait for a Send.
	State() []MemberState
}
