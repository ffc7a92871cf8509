module github.com/slogship/slogship/transport/sentry

go 1.26.0

replace github.com/slogship/slogship => ../../

require (
	github.com/getsentry/sentry-go v0.50.0
	github.com/slogship/slogship v0.0.0
)

require (
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.41.0 // indirect
)
