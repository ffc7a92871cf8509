package syslog

// WithPort shows where the default port goes.
func WithPort(addr string, tls bool) string { return withPort(addr, tls) }
