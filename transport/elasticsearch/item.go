package elasticsearch

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// ItemError is what the server said of one document. Find it with errors.As in
// the children of the BatchError that Send returned, and as the answer in a
// dead letter. Every field is safe to print: no secret that the adapter knew of
// and no control character is in it, nor what the server quotes of the
// document where that is recognised.
type ItemError struct {
	Status int    // as of HTTP
	Type   string // "document_parsing_exception"
	Reason string // at most httpstatus.MaxExcerpt bytes
	Cause  string // the type of what the server says was behind it; "" if nothing
}

// Error returns one line.
func (e *ItemError) Error() string {
	s := "elasticsearch: document: " + strconv.Itoa(e.Status)
	if e.Type != "" {
		s += " " + e.Type
	}
	if e.Reason != "" {
		s += ": " + strconv.Quote(e.Reason)
	}
	if e.Cause != "" {
		s += " (" + e.Cause + ")"
	}
	return s
}

// item is the server's word on one document.
type item struct {
	Status int
	Error  *struct {
		Type, Reason string
		CausedBy     struct{ Type string } `json:"caused_by"`
	}
}

// conflict is the type of the 409 that a create gets whose document is there.
const conflict = "version_conflict_engine_exception"

// verdict is the table of this protocol, and the answer to one record:
//
//	2xx                          accepted
//	409 of a version conflict    accepted: an earlier attempt has stored it
//	400, 422, 413                Permanent, unless it is about the index or the pipeline
//	500 for what is not JSON     Permanent
//	anything else                plain: this document goes again
//
// Plain are 429 (queues or memory are full, or the disk is past its flood
// stage), 5xx (a shard is not there), 403 (a missing privilege, a write block),
// 404 (no such index, and none is to be created): all of them end.
func (i *item) verdict(mask func(string) string) error {
	if i.Status >= 200 && i.Status <= 299 {
		return nil
	}
	e := &ItemError{Status: i.Status}
	if i.Error != nil {
		clean := func(s string) string { return httpstatus.Excerpt([]byte(mask(s))) }
		e.Type, e.Cause = clean(i.Error.Type), clean(i.Error.CausedBy.Type)
		e.Reason = clean(unquoted(i.Error.Reason))
	}
	switch i.Status {
	case http.StatusConflict:
		if e.Type == conflict || e.Type == "" {
			return nil
		}
		return e
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		if e.aboutIndex() {
			return e
		}
		return transport.Permanent(e)
	case http.StatusInternalServerError:
		if e.Type == notJSON {
			return transport.Permanent(e)
		}
		return e
	default:
		return e
	}
}

// notJSON is the type of the 500 that a document gets which is no JSON object. An
// Encoder of the user's own may write one, and it would go again for ever.
const notJSON = "not_x_content_exception"

// aboutIndex reports whether a refusal is about the index or the pipeline that
// the document was meant for. Somebody can repair that, and then it is taken.
// Some have no type of their own; their words are the same in Elasticsearch 8.19
// and OpenSearch 2.19. They are looked for at the beginning only: further on
// stands what the document says, and a field's name must not make its document go
// again for ever.
func (e *ItemError) aboutIndex() bool {
	switch e.Type {
	case "illegal_argument_exception":
		return strings.HasPrefix(e.Reason, "pipeline with id [") || strings.HasPrefix(e.Reason, "no write index is defined for alias [") ||
			strings.HasPrefix(e.Reason, "Validation Failed: 1: this action would add [")
	case "index_closed_exception", "invalid_index_name_exception", "index_not_found_exception",
		"validation_exception", // no more shards are allowed (cluster.max_shards_per_node)
		"cluster_block_exception", "alias_not_found_exception":
		return true
	}
	return false
}

// unquoted cuts off what quotes the document. include_source_on_error is about
// the JSON parser's excerpts alone, and OpenSearch has no such parameter.
func unquoted(reason string) string {
	for _, mark := range []string{"Preview of field's value:", " at [Source:", "original message:", "with value [", "Unrecognized token"} {
		if i := strings.Index(reason, mark); i >= 0 {
			reason = strings.TrimRight(reason[:i], " .,;:\n") + " …"
		}
	}
	return reason
}
