package all

import (
	"net/url"
	"path/filepath"
	"runtime"

	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/file"
	"github.com/slogship/slogship/transport/journald"
)

// fileURL reads file:///var/log/x.json (RFC 8089). A path from the working
// directory needs the long form.
func fileURL(d *file.Destination, u *url.URL) error {
	if u.Host == "localhost" { // RFC 8089 §2
		u.Host = ""
	}
	if err := plain(u, true); err != nil {
		return err
	}
	path := u.Path
	switch {
	case u.Host != "":
		return wrong("three slashes: file:///path, as a file on another machine cannot be had")
	case path == "":
		return wrong("a path: file:///path")
	case runtime.GOOS == "windows" && len(path) > 2 && path[2] == ':':
		path = path[1:] // file:///C:/logs
	}
	d.Path = filepath.FromSlash(path)
	return nil
}

// journaldURL without a path is the usual socket.
func journaldURL(d *journald.Destination, u *url.URL) (err error) {
	d.Socket, err = socket(u)
	return err
}

// consoleURL has nothing but parameters.
func consoleURL(_ *console.Destination, u *url.URL) error {
	if err := plain(u, false); err != nil {
		return err
	}
	if u.Host != "" {
		return wrong("no host")
	}
	return nil
}
