package main

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/slogship/slogship/transport/tlsconfig"
)

// bugsinkVersion is not the newest: that one wants a release of certifi from the same week.
const bugsinkVersion = "2.6.1"

// bugsinkKey is the public key of the project with the number 1.
const bugsinkKey = "a1b2c3d4e5f60718293a4b5c6d7e8f90"

//go:embed bugsink
var bugsinkFiles embed.FS

// bugsink is Bugsink, a server for Sentry's SDKs, with one project in SQLite.
//
// Envelopes go to https://KEY@ADDR/1, with the server's certificate of pki. It digests an event in the request that
// brings it, and answers when the database has committed: what it has
// acknowledged is the kernel's. parse gets of each event what it stored ("data"),
// and what it made of it: "issue" (the ID), "issue_type", "issue_value", "tags",
// "release", "last_frame_function". The order is that in which it digested them.
// To a second event with the same ID it says 200, and drops it.
func bugsink(pki *pki, parse func(row map[string]any) entry) setup {
	return setup{
		install:    func(ctx context.Context) error { _, _, err := bugsinkInstall(ctx); return err },
		version:    func(context.Context) (string, error) { return "Bugsink " + bugsinkVersion, nil },
		command:    func(at place) (*exec.Cmd, error) { return bugsinkCommand(at, pki) },
		ready:      func(at place) bool { return bugsinkReady(at, pki) },
		query:      bugsinkQuery(parse),
		startLimit: 60 * time.Second,
	}
}

// bugsinkInstall returns the environment's programs, and a folder with the
// database as it is after the migrations, which take most of a minute.
func bugsinkInstall(ctx context.Context) (bin, template string, err error) {
	if bin, err = pipVenv(ctx, "bugsink", "bugsink=="+bugsinkVersion); err != nil {
		return "", "", err
	}
	conf, _ := bugsinkFiles.ReadFile("bugsink/bugsink_conf.py")
	create, err := bugsinkFiles.ReadFile("bugsink/create.py")
	if err != nil {
		return "", "", err
	}
	template, err = built(ctx, "bugsink-db", []string{bugsinkVersion, string(conf), string(create)}, func(dir string) error {
		env := bugsinkEnv(dir)
		if err := os.CopyFS(dir, bugsinkFiles); err != nil {
			return err
		}
		for _, args := range [][]string{
			{"migrate"}, {"migrate", "--database=snappea", "snappea"}, {"shell", "-c", string(create)},
		} {
			if err := command(ctx, dir, env, filepath.Join(bin, "bugsink-manage"), args...); err != nil {
				return err
			}
		}
		return nil
	})
	return bin, template, err
}

// bugsinkEnv is for a server whose data are in dir, with the configuration beside
// them.
func bugsinkEnv(dir string) []string {
	return []string{
		"BUGSINK_DATA=" + dir, "BUGSINK_KEY=" + bugsinkKey,
		"PYTHONPATH=" + filepath.Join(dir, "bugsink"), "DJANGO_SETTINGS_MODULE=bugsink_conf",
	}
}

// bugsinkReady asks over a connection of its own: gunicorn listens long before
// its worker is there.
func bugsinkReady(at place, pki *pki) bool {
	secure, err := (&tlsconfig.Options{CAFile: pki.ca}).Client()
	if err != nil {
		return false
	}
	client := http.Client{
		Transport: &http.Transport{TLSClientConfig: secure.Config(""), DisableKeepAlives: true}, Timeout: 10 * time.Second,
	}
	resp, err := client.Get("https://" + at.addr() + "/health/ready")
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func bugsinkCommand(at place, pki *pki) (*exec.Cmd, error) {
	bin, template, err := bugsinkInstall(context.Background())
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(at.data, "db.sqlite3")); err != nil {
		if err := os.CopyFS(at.data, os.DirFS(template)); err != nil {
			return nil, err
		}
	}
	conf := filepath.Join(at.data, "bugsink", "gunicorn_conf.py")
	cmd := exec.Command(filepath.Join(bin, "gunicorn"), "-c", conf, "-b", at.addr(),
		"--certfile", pki.server.cert, "--keyfile", pki.server.key, "bugsink.wsgi")
	cmd.Env = append(os.Environ(), bugsinkEnv(at.data)...)
	return cmd, nil
}

// bugsinkQuery reads the database and not the API, which gives pages of 250 and
// no tags.
func bugsinkQuery(parse func(map[string]any) entry) func(context.Context, place, func(entry)) error {
	return func(ctx context.Context, at place, take func(entry)) error {
		script, db := filepath.Join(at.data, "bugsink", "read.py"), filepath.Join(at.data, "db.sqlite3")
		rows, err := exec.CommandContext(ctx, "python3", script, db).Output()
		if err != nil {
			return fmt.Errorf("bugsink: read: %w", err)
		}
		lines := bufio.NewScanner(bytes.NewReader(rows))
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			var row map[string]any
			if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
				return fmt.Errorf("bugsink: read: %w", err)
			}
			take(parse(row))
		}
		return lines.Err()
	}
}
