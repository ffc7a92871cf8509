package sentry

import (
	"maps"

	sdk "github.com/getsentry/sentry-go"
)

// The names of attributes that have a meaning here.
const (
	scopeKey   = "sentry.scope"
	requestKey = "request"
)

// capture is what a record carries of the scope in the ctx of its log call.
type capture struct {
	Breadcrumbs []*sdk.Breadcrumb      `json:"breadcrumbs,omitempty"`
	Tags        map[string]string      `json:"tags,omitempty"`
	Contexts    map[string]sdk.Context `json:"contexts,omitempty"`
	User        *sdk.User              `json:"user,omitempty"`
	Fingerprint []string               `json:"fingerprint,omitempty"`
	Request     *sdk.Request           `json:"request,omitempty"`
}

// apply gives it to an event, before what the record says itself.
func (c *capture) apply(e *sdk.Event) {
	e.Breadcrumbs, e.Fingerprint, e.Request = c.Breadcrumbs, c.Fingerprint, c.Request
	maps.Copy(e.Tags, c.Tags)
	maps.Copy(e.Contexts, c.Contexts)
	if c.User != nil {
		e.User = *c.User
	}
}

// panicType is the type of the error that Middleware logs.
const panicType = "*sentry.panicError"
