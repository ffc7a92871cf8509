package match

import "strings"

// Below reports whether name is root or lies below it, where sep separates the
// parts of a name: "db.pool" is below "db", "database" is not.
func Below(name, root string, sep byte) bool {
	rest, ok := strings.CutPrefix(name, root)
	return ok && (rest == "" || rest[0] == sep)
}

// PackageOf returns the import path of the package of a function as package
// runtime names it: "example.org/shop/db.(*Pool).Get" is in
// "example.org/shop/db".
func PackageOf(function string) string {
	function, _, _ = strings.Cut(function, "[") // type arguments are of other packages
	slash := strings.LastIndexByte(function, '/')
	dot := strings.IndexByte(function[slash+1:], '.')
	if dot < 0 {
		return ""
	}
	// The linker writes a dot within the last element as %2e, so that the first
	// dot after it ends the path.
	return strings.ReplaceAll(function[:slash+1+dot], "%2e", ".")
}
