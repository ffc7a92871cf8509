package route

import "strings"

// wantName is what validName wants.
const wantName = "1 to 64 of a-z, 0-9 and -, and no device of Windows such as con, nul or com1"

// validName reports whether name may be a route's, and so a directory's. There are
// no capitals, since two names that differ in them alone are one directory on
// macOS and Windows; no dots and no separators, since a name is a place below Dir
// and nowhere else.
func validName(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(name) >= 1 && len(name) <= 64 && !device(name)
}

// device reports whether Windows takes name for a device in whatever directory it
// stands. It is refused everywhere: routes go from one machine to another, and
// there it would be found out with the first record.
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
func device(name string) bool {
	switch name {
	case "con", "prn", "aux", "nul":
		return true
	}
	number, ok := strings.CutPrefix(name, "com")
	if !ok {
		number, ok = strings.CutPrefix(name, "lpt")
	}
	return ok && len(number) == 1 && number[0] >= '0' && number[0] <= '9'
}
