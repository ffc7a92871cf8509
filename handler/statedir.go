package handler

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// StateDir returns the directory where a service of this name keeps state on
// this platform, for Options.Dir: $STATE_DIRECTORY (set by systemd),
// $XDG_STATE_HOME/name, ~/.local/state/name, ~/Library/Application
// Support/name on macOS, %LocalAppData%\name on Windows. It makes nothing. It
// never answers with a shared temporary directory: without any of these it is
// an error. It is the only function here that looks at the environment; New does
// not.
func StateDir(name string) (string, error) {
	return stateDir(name, runtime.GOOS, os.LookupEnv)
}

func stateDir(name, goos string, lookup func(string) (string, bool)) (string, error) {
	if name == "" || name != filepath.Base(name) || name == "." || name == ".." {
		return "", fmt.Errorf("handler: state directory %q: want a plain name: %w", name, ErrOptions)
	}
	if dir, _ := lookup("STATE_DIRECTORY"); dir != "" {
		first, _, _ := strings.Cut(dir, ":") // systemd lists several with colons
		return first, nil
	}
	for _, try := range stateDirs(goos) {
		if base, _ := lookup(try.env); filepath.IsAbs(base) {
			return filepath.Join(base, try.below, name), nil
		}
	}
	return "", fmt.Errorf("handler: state directory %q: neither STATE_DIRECTORY nor a home directory is set: %w", name, ErrOptions)
}

// statePlace is a variable that names a directory, and where below it state
// belongs.
type statePlace struct{ env, below string }

func stateDirs(goos string) []statePlace {
	switch goos {
	case "windows":
		return []statePlace{{"LocalAppData", ""}}
	case "darwin":
		return []statePlace{{"HOME", "Library/Application Support"}}
	default:
		return []statePlace{{"XDG_STATE_HOME", ""}, {"HOME", ".local/state"}}
	}
}
