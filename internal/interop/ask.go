package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

var errStatus = errors.New("HTTP status")

// httpGet returns the body of a 2xx answer; of another the body and errStatus.
func httpGet(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return httpDo(req)
}

// httpDo is for servers whose answers are whole within a minute.
func httpDo(req *http.Request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(req.Context(), time.Minute)
	defer cancel()
	// No connection is kept: the server may be killed before the next question.
	req.Close = true
	resp, err := http.DefaultClient.Do(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %w %d", req.Method, req.URL.Path, errStatus, resp.StatusCode)
	}
	return body, err
}

// poll asks ok until it is so or ctx ends.
func poll(ctx context.Context, ok func() bool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// moduleVersion is the version of a module that a Go program was built from:
// one built without its release's flags does not know its own.
func moduleVersion(ctx context.Context, program, name, module string) (string, error) {
	says, err := exec.CommandContext(ctx, "go", "version", "-m", program).Output()
	if err != nil {
		return "", missing(name, err)
	}
	for line := range strings.Lines(string(says)) {
		if f := strings.Fields(line); len(f) >= 3 && (f[0] == "dep" || f[0] == "mod") && f[1] == module {
			return name + " " + strings.TrimPrefix(f[2], "v"), nil
		}
	}
	return name + " ?", nil
}
