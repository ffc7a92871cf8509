//go:build !unix

package tlsconfig

// checkKeyMode does nothing where access is not a matter of mode bits.
func checkKeyMode(string) error { return nil }
