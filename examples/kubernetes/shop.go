package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/slogship/slogship/handler"
)

// maxItems bounds an order: each item is a record.
const maxItems = 1_000_000

// shop is the service: an order of some items logs one record for each, and is
// answered when they are logged.
func shop(h *handler.Handler) http.Handler {
	log := slog.New(h)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders/{order}", func(w http.ResponseWriter, r *http.Request) {
		items, err := strconv.Atoi(r.FormValue("items"))
		if err != nil || items < 1 || items > maxItems {
			http.Error(w, "items: want 1 to 1000000", http.StatusBadRequest)
			return
		}
		for i := range items {
			log.InfoContext(r.Context(), "item packed", "order", r.PathValue("order"), "item", i, "note", r.FormValue("note"))
		}
		fmt.Fprintln(w, "packed")
	})
	// Ready whatever the collector does: a service that is taken out of rotation
	// because its logs are late turns one outage into two.
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, h.Var()) })
	return mux
}
