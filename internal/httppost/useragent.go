package httppost

import (
	"runtime/debug"
	"strings"
)

const modulePath = "github.com/slogship/slogship"

// userAgent is "slogship/1.2.3", the version that the program was built with,
// or "slogship/devel" where the build does not say. Not a constant: whoever makes
// a release would have to think of it, and a fork would lie.
func userAgent() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "slogship/devel"
	}
	version := ""
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == modulePath {
			version = strings.TrimPrefix(m.Version, "v")
		}
	}
	if version == "" || version == "(devel)" {
		version = "devel"
	}
	return "slogship/" + version
}
