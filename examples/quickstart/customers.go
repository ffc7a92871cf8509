package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// customers order from the shop, wherever it is at the moment.
type customers struct {
	count int           // how many at a time
	every time.Duration // from one order of a customer to the next

	shop    atomic.Pointer[string] // its address; nil before it has opened
	orders  atomic.Uint64
	stop    context.CancelFunc
	running sync.WaitGroup
}

func (c *customers) start(ctx context.Context) {
	ctx, c.stop = context.WithCancel(ctx)
	client := &http.Client{
		Timeout:   2 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: c.count},
	}
	for range c.count {
		c.running.Go(func() {
			for pause(ctx, c.every) == nil {
				c.order(ctx, client)
			}
		})
	}
}

// leave returns when the last order has been answered.
func (c *customers) leave() {
	c.stop()
	c.running.Wait()
}

// order does not care whether the order succeeds: while the shop is dead none
// does, and a log entry is all that this program is after.
func (c *customers) order(ctx context.Context, client *http.Client) {
	shop := c.shop.Load()
	if shop == nil {
		return
	}
	url := fmt.Sprintf("http://%s/orders/%06d", *shop, c.orders.Add(1))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return
	}
	if resp, err := client.Do(req); err == nil {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

// pause returns ctx's error if it ends before d is over.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
