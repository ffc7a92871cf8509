package encode

import "golang.org/x/sys/windows"

// terminalFD also asks the console to understand escape sequences, which one
// that no shell has set up does not.
func terminalFD(fd uintptr) bool {
	var mode uint32
	console := windows.Handle(fd)
	if windows.GetConsoleMode(console, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
