package handler

import "github.com/slogship/slogship/transport"

// members returns the state of what a route's transport is made of, nil for one
// that is not a group.
func members(t transport.Transport) []transport.MemberState {
	if s, ok := t.(transport.Stater); ok {
		return s.State()
	}
	return nil
}
