package sentry

import (
	"context"

	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*sender)(nil)

// Check looks at the way to the server. Whether the DSN's key is known there, only
// an envelope with an event would tell: an empty one is answered in as many ways
// as there are servers.
func (s *sender) Check(ctx context.Context) []transport.Finding {
	found := s.client.Steps(ctx)
	return append(found, preflight.Skip(preflight.Credentials, "", "the DSN's key is looked at with an event alone"))
}
