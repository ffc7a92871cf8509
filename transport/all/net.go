package all

import (
	"net/url"

	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/udp"
)

// portLumberjack is that of Logstash's beats input, as its documentation has it.
const portLumberjack = "5044"

func tcpURL(d *tcp.Destination, u *url.URL) (err error) {
	d.Addr, err = address(u, "")
	return err
}

func unixURL(d *tcp.Destination, u *url.URL) (err error) {
	d.Addr, err = needSocket(u)
	return err
}

func udpURL(d *udp.Destination, u *url.URL) (err error) {
	d.Addr, err = address(u, "")
	return err
}

func unixgramURL(d *udp.Destination, u *url.URL) (err error) {
	d.Addr, err = needSocket(u)
	return err
}

// needSocket is socket, of which there is no usual one.
func needSocket(u *url.URL) (string, error) {
	path, err := socket(u)
	if err == nil && path == "" {
		err = wrong("the path of a socket: scheme:///path/of/the/socket")
	}
	return path, err
}

// syslogURL leaves the port to the adapter, which knows that TLS has another.
func syslogURL(d *syslog.Destination, u *url.URL) error {
	if u.Host == "" && u.Path != "" {
		return wrong("a host; syslog+unix:///dev/log is this machine's daemon")
	}
	addr, err := address(u, "0")
	if err == nil {
		d.Addr = addr
		if u.Port() == "" {
			d.Addr = u.Host
		}
	}
	return err
}

// syslogUnixURL without a path looks for the socket.
func syslogUnixURL(d *syslog.Destination, u *url.URL) (err error) {
	d.Addr, err = socket(u)
	return err
}

func relpURL(d *relp.Destination, u *url.URL) (err error) {
	d.Addr, err = address(u, "")
	return err
}

func lumberjackURL(d *lumberjack.Destination, u *url.URL) (err error) {
	if err = plain(u, false); err == nil {
		d.Addrs, err = addresses(u, portLumberjack)
	}
	return err
}

func grpcURL(d *grpc.Destination, u *url.URL) (err error) {
	d.Addr, err = address(u, "")
	return err
}
