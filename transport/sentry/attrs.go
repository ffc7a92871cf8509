package sentry

import (
	"encoding/json"
	"log/slog"

	sdk "github.com/getsentry/sentry-go"

	"github.com/slogship/slogship/encode"
)

// found is what the attributes of a record are to an event.
type found struct {
	err     *encode.Error // the first; others are attributes
	rest    sdk.Context
	tags    map[string]string
	user    sdk.User
	request *sdk.Request
	scope   capture
}

// sort goes through the attributes of a record.
func (m *maker) sort(attrs []slog.Attr) *found {
	f := &found{rest: sdk.Context{}, tags: map[string]string{}}
	for _, a := range attrs {
		switch {
		case a.Key == scopeKey && f.readScope(a.Value):
		case a.Key == m.dest.User:
			f.user = userOf(a.Value)
		case a.Key == requestKey && f.readRequest(a.Value):
		default:
			m.attr(f, f.rest, "", a)
		}
	}
	return f
}

// attr puts a, which stands in the groups of prefix, where it belongs. An empty
// group does not appear, and neither does one of which everything became a tag.
func (m *maker) attr(f *found, into map[string]any, prefix string, a slog.Attr) {
	name := prefix + a.Key
	switch {
	case m.tags[name]:
		setTag(f.tags, name, text(a.Value))
	case a.Value.Kind() == slog.KindGroup:
		group := map[string]any{}
		for _, member := range a.Value.Group() {
			m.attr(f, group, name+".", member)
		}
		if len(group) > 0 {
			put(into, a.Key, group)
		}
	default:
		if e, ok := a.Value.Any().(*encode.Error); ok && e != nil && f.err == nil {
			f.err = e
			return
		}
		put(into, a.Key, plain(a.Value, 0))
	}
}

// apply gives the event what was found. The record's own goes before its scope's.
func (f *found) apply(e *sdk.Event) {
	for name, value := range f.tags {
		e.Tags[name] = value
	}
	if len(f.rest) > 0 {
		e.Contexts["attributes"] = f.rest
	}
	if !f.user.IsEmpty() {
		e.User = f.user
	}
	if f.request != nil {
		e.Request = f.request
	}
}

// readScope reports whether v is what [Context] has captured.
func (f *found) readScope(v slog.Value) bool {
	j, ok := v.Any().(encode.JSON)
	return ok && json.Unmarshal(j, &f.scope) == nil
}

// readRequest reports whether v is the group that [Middleware] logs.
func (f *found) readRequest(v slog.Value) bool {
	if v.Kind() != slog.KindGroup {
		return false
	}
	r := &sdk.Request{Headers: map[string]string{}}
	for _, a := range v.Group() {
		switch a.Key {
		case "url":
			r.URL = text(a.Value)
		case "method":
			r.Method = text(a.Value)
		case "query":
			r.QueryString = text(a.Value)
		case "headers":
			if a.Value.Kind() != slog.KindGroup {
				return false
			}
			for _, h := range a.Value.Group() {
				r.Headers[h.Key] = text(h.Value)
			}
		default:
			return false // somebody else's group of this name
		}
	}
	if r.URL == "" || r.Method == "" {
		return false
	}
	f.request = r
	return true
}

// userOf makes a user of a group, or of an ID.
func userOf(v slog.Value) sdk.User {
	if v.Kind() != slog.KindGroup {
		return sdk.User{ID: text(v)}
	}
	var u sdk.User
	for _, a := range v.Group() {
		value := cut(text(a.Value), maxTag)
		switch a.Key {
		case "id":
			u.ID = value
		case "email":
			u.Email = value
		case "username":
			u.Username = value
		case "name":
			u.Name = value
		case "ip", "ip_address":
			u.IPAddress = value
		default:
			if u.Data == nil {
				u.Data = map[string]string{}
			}
			u.Data[a.Key] = value
		}
	}
	return u
}
