// Package match is what package route's matchers are made of: the values they
// compare with, prepared once, and each matcher as data, from which handler
// compiles what its log call evaluates.
//
// It is a package of its own because both need it and neither may show it: the
// matchers are an interface to users, and handler would else have to call it,
// which for ten routes costs more than the rest of routing.
package match
