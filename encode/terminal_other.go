//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package encode

// terminalFD is false where nothing tells: no colour is the safe answer.
func terminalFD(uintptr) bool { return false }
