//go:build !linux

package ackconn

// quickAck does nothing: there is no such option.
func quickAck(uintptr) {}
