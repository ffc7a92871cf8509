module github.com/slogship/slogship/transport/tlsconfig/ocsp

go 1.26.0

replace github.com/slogship/slogship => ../../../

require (
	github.com/slogship/slogship v0.0.0
	golang.org/x/crypto v0.57.0
)

require golang.org/x/sys v0.49.0 // indirect
