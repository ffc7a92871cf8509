package grpc_test

import "context"

// fixed is a Token that is always the same.
func fixed(token string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return token, nil }
}
