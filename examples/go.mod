module github.com/slogship/slogship/examples

go 1.26.0

require (
	github.com/slogship/slogship v0.0.0
	go.yaml.in/yaml/v3 v3.0.6
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/slogship/slogship => ../
