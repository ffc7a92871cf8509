module github.com/slogship/slogship

go 1.26.0
