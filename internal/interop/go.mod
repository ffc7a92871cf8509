module github.com/slogship/slogship/internal/interop

go 1.26.0

require (
	github.com/leodido/go-syslog/v4 v4.6.0
	github.com/slogship/slogship v0.0.0
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/leodido/ragel-machinery v0.0.0-20190525184631-5f46317e436b // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/slogship/slogship => ../../
