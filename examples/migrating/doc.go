// Package migrating is the code that handler/MIGRATING.md quotes for services
// that come from another way of logging. What is between a line "// quote: name"
// and a line "// end quote" stands there, and a test keeps the two equal. zap.go,
// zerolog.go and logrus.go are bridges to copy; they are no part of the library,
// so that it does not depend on theirs.
package migrating
