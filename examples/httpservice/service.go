package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/handler/httplog"
)

// errSoldOut is the stock's answer that the shop can do something with.
var errSoldOut = errors.New("sold out")

// stock knows how much there is of a thing.
func stock(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stock/{thing}", func(w http.ResponseWriter, r *http.Request) {
		thing := r.PathValue("thing")
		log.DebugContext(r.Context(), "counting", "thing", thing)
		shelves := map[string][]int{"book": {3, 0, 4}, "cup": {12}}
		// The bug: nobody has thought of a thing without a shelf.
		fmt.Fprint(w, shelves[thing][0])
	})
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	return mux
}

// shop takes orders.
func shop(log *slog.Logger, stockURL string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders/{thing}", func(w http.ResponseWriter, r *http.Request) {
		// On every record of this request from here on, also those of functions
		// that know nothing of it.
		ctx := handler.With(r.Context(), slog.String("thing", r.PathValue("thing")))
		httplog.Add(ctx, slog.String("customer", r.Header.Get("Customer"))) // on the access record
		if err := ask(ctx, log, stockURL+"/stock/"+r.PathValue("thing")); err != nil {
			log.ErrorContext(ctx, "order failed", "err", err)
			http.Error(w, "try again later", http.StatusBadGateway)
			return
		}
		log.InfoContext(ctx, "order taken")
		w.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	return mux
}

// ask asks the stock, which gets the request's id and trace.
func ask(ctx context.Context, log *slog.Logger, url string) error {
	log.DebugContext(ctx, "asking the stock", "url", url)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	httplog.SetHeaders(ctx, r.Header)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusNotFound:
		return errSoldOut
	default:
		return fmt.Errorf("the stock answers %s", resp.Status)
	}
}

// trade starts both services, orders, and stops them. Health is asked as often
// as things are ordered, as a cluster does.
func trade(ctx context.Context, h *handler.Handler, orders int) (failed int, err error) {
	stockURL, stopStock, err := start(ctx, h, "stock", stock)
	if err != nil {
		return 0, err
	}
	defer stopStock()
	shopURL, stopShop, err := start(ctx, h, "shop", func(log *slog.Logger) http.Handler { return shop(log, stockURL) })
	if err != nil {
		return 0, err
	}
	defer stopShop()
	for i := range orders {
		thing := "book"
		if i == orders/2 {
			thing = "unicorn"
		}
		status, err := call(ctx, http.MethodPost, shopURL+"/orders/"+thing)
		if err != nil {
			return failed, err
		}
		if status >= 500 {
			failed++
		}
		if _, err := call(ctx, http.MethodGet, shopURL+"/healthz"); err != nil {
			return failed, err
		}
	}
	return failed, nil
}

// start serves a service, with its requests logged, on a free port.
func start(ctx context.Context, h *handler.Handler, name string, service func(*slog.Logger) http.Handler) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	log := slog.New(h.WithScope(name))
	logged := httplog.Middleware(&httplog.Options{Logger: log, Skip: httplog.Paths("/healthz")})
	server := &http.Server{
		Handler:           logged(service(log)),
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(h, slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }() // joined by stop
	return "http://" + l.Addr().String(), func() {
		if err := server.Shutdown(ctx); err != nil {
			server.Close()
		}
		<-ended
	}, nil
}

func call(ctx context.Context, method, url string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Customer", "ann")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
