package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/tlsconfig"
)

func nginxDestinations(env *environment) []destination {
	return []destination{
		{
			name: "nginx-http2", setup: nginx(" http2", env.pki), kills: true, pause: pause,
			to: func(at place) transport.Destination { return nginxAt(at, env.pki, https.Gzip, false) },
		},
		{
			name: "nginx-http1", setup: nginx("", env.pki), kills: true, pause: pause,
			to: func(at place) transport.Destination { return nginxAt(at, env.pki, https.Uncompressed, true) },
		},
	}
}

func nginxAt(at place, pki *pki, c https.Compression, http1 bool) transport.Destination {
	return https.Destination{
		URL: "https://" + at.addr() + "/ingest", Compression: c, HTTP1: http1, TLS: &tlsconfig.Options{CAFile: pki.ca},
	}
}

// nginx is a server that terminates TLS and keeps the body of each request in
// a file of its own.
//
// A location that answers by itself ("return 200") throws the body away
// unread. So requests are passed on, without their body, to a second server in
// the same process, whose 200 is the answer. nginx passes a request on when it
// has read all of it (proxy_request_buffering), and with client_body_in_file_only
// all of it is in the file by then: an answer means that the body is written.
//
// The answers are held up (limit_req) so that there are at least 10 ms between
// any two. Without it most kills come between two requests, or before the body
// is there, and few meet the batch that is stored but not answered.
//
// httpVersions is " http2" or "".
func nginx(httpVersions string, pki *pki) setup {
	return setup{
		install: apt("nginx"),
		version: nginxVersion,
		command: func(at place) (*exec.Cmd, error) {
			conf := filepath.Join(at.dir, "nginx.conf")
			if err := os.WriteFile(conf, []byte(nginxConfig(httpVersions, at.dir, at.addr(), pki)), 0o600); err != nil {
				return nil, err
			}
			return exec.Command(daemon("nginx"), "-c", conf, "-p", at.dir, "-e", filepath.Join(at.dir, "error.log")), nil
		},
		ready: answersTCP,
		read:  readBody,
	}
}

func nginxConfig(httpVersions, dir, addr string, pki *pki) string {
	// The second server listens on a socket in the life's own folder: a socket
	// file that a killed process left behind cannot be bound again.
	return strings.NewReplacer("HTTP", httpVersions, "DIR", dir, "ADDR", addr, "CERT", pki.server.cert, "KEY", pki.server.key, "USER", nginxUser()).Replace(`
daemon off;
USER
worker_processes 1;
pid DIR/pid;
events { worker_connections 64; }
http {
	access_log off;
	limit_req_zone $request_method zone=answers:32k rate=100r/s;
	client_body_temp_path DIR/received;
	proxy_temp_path DIR/proxy; fastcgi_temp_path DIR/fastcgi; uwsgi_temp_path DIR/uwsgi; scgi_temp_path DIR/scgi;
	server {
		listen ADDR sslHTTP;
		ssl_certificate CERT;
		ssl_certificate_key KEY;
		ssl_protocols TLSv1.3;
		client_max_body_size 16m;
		client_body_in_file_only on;
		location / {
			proxy_pass http://unix:DIR/answer.sock;
			proxy_method GET; # which is all that empty_gif answers
			proxy_pass_request_body off;
			proxy_set_header Content-Length "";
		}
	}
	server {
		listen unix:DIR/answer.sock;
		location / {
			limit_req zone=answers burst=100;
			empty_gif;
		}
	}
}
`)
}

// nginxUser keeps a worker of root's nginx root: the folders are private.
// Without root the directive would only be warned about.
func nginxUser() string {
	if os.Geteuid() == 0 {
		return "user root;"
	}
	return ""
}

// nginxVersion is what nginx says of itself.
func nginxVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, daemon("nginx"), "-v").CombinedOutput()
	if err != nil {
		return "", missing("nginx", err)
	}
	return strings.ReplaceAll(word(string(out), 2), "/", " "), nil
}
