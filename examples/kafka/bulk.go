package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

var errBulk = errors.New("the store did not take it")

// bulkTo makes requests of bodies until one is taken: a consumer has nowhere to
// put messages aside, so it waits. 409 says that the document is there already.
func bulkTo(url string) func(ctx context.Context, body []byte) error {
	url = strings.TrimSuffix(url, "/") + "/_bulk"
	return func(ctx context.Context, body []byte) error {
		for {
			refused, err := post(ctx, url, body)
			if err == nil {
				return refused
			}
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return err
			}
		}
	}
}

// post makes one request. err: it may be made again. refused: a document will
// never be taken.
func post(ctx context.Context, url string, body []byte) (refused, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err, nil
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil || res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %.200s: %w", res.Status, text, errors.Join(err, errBulk))
	}
	var answer struct {
		Items []struct{ Create struct{ Status int } }
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, err
	}
	for _, item := range answer.Items {
		switch s := item.Create.Status; {
		case s == http.StatusTooManyRequests, s >= 500:
			return nil, fmt.Errorf("status %d: %w", s, errBulk)
		case s >= 400 && s != http.StatusConflict:
			return fmt.Errorf("status %d: %.300s: %w", s, text, errBulk), nil
		}
	}
	return nil, nil
}
