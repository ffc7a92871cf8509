module github.com/slogship/slogship

go 1.26.0

require golang.org/x/sys v0.49.0

require github.com/klauspost/compress v1.20.3

require go.yaml.in/yaml/v3 v3.0.6
