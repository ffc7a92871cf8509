package all

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// wrong is an error about a URL that is not made as its scheme's are: what is
// wanted, as package config puts it behind what is there. None quotes user
// information or parameters, for there are passwords in them (reference S10).
func wrong(want string) error { return errors.New(want) }

// plain refuses what most schemes have no use for. Ignoring it would be worse:
// who writes a password believes that it is used.
func plain(u *url.URL, path bool) error {
	switch {
	case u.User != nil:
		return wrong("neither name nor password in it: this protocol has no login")
	case u.Fragment != "":
		return wrong(`no "#": write %23 if it is part of a name`)
	case !path && strings.Trim(u.Path, "/") != "":
		return wrong("no path behind the host")
	}
	return nil
}

// address is "host:port" for a scheme with nothing else. port is the usual one of
// the protocol, "" if it has none.
func address(u *url.URL, port string) (string, error) {
	if err := plain(u, false); err != nil {
		return "", err
	}
	addrs, err := addresses(u, port)
	if err != nil {
		return "", err
	}
	if len(addrs) > 1 {
		return "", wrong("one host; several are members of a group")
	}
	return addrs[0], nil
}

// addresses are the hosts of the authority, which commas separate. A host
// without a port gets the usual one.
func addresses(u *url.URL, port string) ([]string, error) {
	hosts := strings.Split(u.Host, ",")
	for i, host := range hosts {
		name, own, err := net.SplitHostPort(host)
		if err != nil { // no port, or no host at all
			name, own = strings.Trim(host, "[]"), port
		}
		switch {
		case name == "":
			return nil, wrong("a host: scheme://host:port")
		case own == "":
			return nil, wrong("a port, as the protocol has no usual one: scheme://host:port")
		case err == nil && !isPort(own):
			return nil, wrong(wantPort)
		}
		hosts[i] = net.JoinHostPort(name, own)
	}
	return hosts, nil
}

// wantPort is said about a port that is a number and none that a connection can
// be made to. The dialer would say so, too, but with each attempt, and while
// records pile up.
const wantPort = "a port from 1 to 65535"

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// socket is the path of a URL without a host.
func socket(u *url.URL) (string, error) {
	if err := plain(u, true); err != nil {
		return "", err
	}
	if u.Host != "" {
		return "", wrong("no host: scheme:///path/of/the/socket")
	}
	return u.Path, nil
}

// segment is the one part of the path, "" for none.
func segment(u *url.URL, what string) (string, error) {
	name := strings.TrimPrefix(u.EscapedPath(), "/")
	if strings.Contains(strings.TrimSuffix(name, "/"), "/") {
		return "", wrong("no more than " + what + " behind the hosts; a slash in its name is written %2F")
	}
	name, err := url.PathUnescape(strings.TrimSuffix(name, "/"))
	if err != nil {
		return "", wrong("a path with proper % escapes")
	}
	return name, nil
}

// take removes a parameter that the scheme uses itself.
func take(u *url.URL, key string) (value string, found bool) {
	query := u.Query()
	value, found = query.Get(key), query.Has(key)
	if found {
		query.Del(key)
		u.RawQuery = query.Encode()
	}
	return value, found
}

// over is the URL of a server: the scheme as net/http knows it, and no
// parameters, which are the destination's.
func over(u *url.URL, scheme string) (string, error) {
	if u.Host == "" {
		return "", wrong("a host: scheme://host/path")
	}
	if u.Fragment != "" {
		return "", wrong(`no "#": write %23 if it is part of a name`)
	}
	if p := u.Port(); p != "" && !isPort(p) {
		return "", wrong(wantPort)
	}
	server := *u
	server.Scheme, server.RawQuery, server.ForceQuery = scheme, "", false
	return server.String(), nil
}

// webScheme is what of "loki+https" net/http knows; plain HTTP for what names
// neither.
func webScheme(scheme string) string {
	switch _, last, _ := strings.Cut(scheme, "+"); {
	case scheme == "https", scheme == "sentry", last == "https", last == "grpcs":
		return "https"
	default:
		return "http"
	}
}
