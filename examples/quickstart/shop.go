package main

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"
)

// shop is an HTTP service as there are many. It knows nothing of slogship: it
// logs through log/slog.
type shop struct{ log *slog.Logger }

func newShop(log *slog.Logger) http.Handler {
	s := &shop{log: log}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders/{id}", s.order)
	return s.accessLog(mux)
}

var errCardExpired = errors.New("card expired")

// order takes an order, and sometimes the money for it.
func (s *shop) order(w http.ResponseWriter, r *http.Request) {
	log := s.log.With("order", r.PathValue("id"))
	log.DebugContext(r.Context(), "order received", "items", 1+rand.IntN(5), "customer", "Ada Lovelace")
	log.InfoContext(r.Context(), "stock reserved", "warehouse", "Rotterdam", "free", rand.IntN(1000))

	took := time.Duration(rand.IntN(300)) * time.Millisecond
	switch dice := rand.IntN(200); {
	case dice == 0:
		log.ErrorContext(r.Context(), "payment refused", "err", errCardExpired, "took", took)
		http.Error(w, "payment refused", http.StatusPaymentRequired)
		return
	case dice < 3:
		log.WarnContext(r.Context(), "payment is slow", "provider", "acme-pay", "took", took+2*time.Second)
	}
	log.InfoContext(r.Context(), "order paid", "cents", 100+rand.IntN(99_900), "took", took)
	w.WriteHeader(http.StatusCreated)
}

func (s *shop) accessLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		next.ServeHTTP(w, r)
		s.log.InfoContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "took", time.Since(start))
	})
}
