package httplog

import (
	"io"
	"net/http"
	"strings"
)

// maxSpec bounds what LevelHandler reads, in bytes.
const maxSpec = 64 << 10

// LevelHandler returns a handler that shows levels (GET) and sets them (PUT) as
// text, "db=DEBUG,http.client=WARN,INFO" (see route.ScopeLevels.Set), for a
// handler's levels or one's own:
//
//	admin.Handle("/levels", httplog.LevelHandler(h.Levels, h.SetLevels))
//	admin.Handle("/levels", httplog.LevelHandler(levels.String, levels.Set))
//
//	curl -X PUT -d db=DEBUG,INFO localhost:6060/levels
//
// What PUT sets replaces everything that was set before; the answer is what is in
// force then. A text that set refuses is answered with 400 and the reason, and
// changes nothing. There is no authentication in it: who reaches it can switch
// logging off, so it belongs on a port, or behind a handler, for operators alone.
func LevelHandler(show func() string, set func(spec string) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
		case http.MethodPut:
			spec, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSpec))
			if err == nil {
				err = set(strings.TrimSpace(string(spec)))
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		default:
			w.Header().Set("Allow", "GET, HEAD, PUT")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = io.WriteString(w, show()+"\n") // the client may be gone
	})
}
