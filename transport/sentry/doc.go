// Package sentry makes issues at Sentry of what a service logs.
package sentry
