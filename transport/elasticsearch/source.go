package elasticsearch

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/slogship/slogship/transport/httpstatus"
)

// SourceOnError says what the server's errors may quote of the documents. Errors
// end up on stderr and in dead letters, where other people may read them than in
// the index.
type SourceOnError uint8

const (
	// SourceAuto, the default, asks for errors without document contents
	// (include_source_on_error=false). A server that does not know the
	// parameter, which is every OpenSearch and Elasticsearch before 8.18, says
	// so once; from then on it is left out until the next Open.
	SourceAuto SourceOnError = iota

	// SourceHidden insists: a server that does not know the parameter refuses
	// everything.
	SourceHidden

	// SourceUnset leaves it to the server, which quotes.
	SourceUnset
)

// String returns the value's name.
func (s SourceOnError) String() string {
	switch s {
	case SourceAuto:
		return "Auto"
	case SourceHidden:
		return "Hidden"
	case SourceUnset:
		return "Unset"
	default:
		return fmt.Sprintf("SourceOnError(%d)", uint8(s))
	}
}

const (
	sourceParameter = "include_source_on_error"

	// answerFields keeps answers small: 27 bytes for a document that was taken,
	// instead of 250. The filter applies to errors of whole requests as well.
	answerFields = "items.create.status,items.create.error.type,items.create.error.reason,items.create.error.caused_by.type,error.type,error.reason,status"

	// serverTimeout is how long the server waits for a shard that is not there
	// (its default is a minute) before it answers 503 for these documents. Longer
	// than SendTimeout, 30 s, and the answer about all others would be missed.
	serverTimeout = "20s"
)

// queries are the URL's query, with and without [sourceParameter].
type queries struct{ hidden, plain string }

func newQueries(d *Destination) queries {
	q := url.Values{"filter_path": {answerFields}, "timeout": {serverTimeout}}
	if d.Pipeline != "" {
		q.Set("pipeline", d.Pipeline)
	}
	if d.RequireDataStream {
		q.Set("require_data_stream", "true")
	}
	plain := q.Encode()
	q.Set(sourceParameter, "false")
	return queries{hidden: q.Encode(), plain: plain}
}

// unknownParameter reports whether e is about a parameter that the server does
// not know, and whether that is [sourceParameter] alone: "request [/_bulk]
// contains unrecognized parameter: [include_source_on_error]", with
// "parameters" if there are more.
func unknownParameter(e *httpstatus.Error) (any, source bool) {
	any = e.Status == http.StatusBadRequest && strings.Contains(e.Body, "contains unrecognized parameter")
	return any, any && strings.Contains(e.Body, "parameter: ["+sourceParameter+"]")
}
