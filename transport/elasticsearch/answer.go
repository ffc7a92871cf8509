package elasticsearch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/slogship/slogship/transport"
)

// ErrAnswer is wrapped by Send's error for a 2xx that is no answer to a bulk
// request, or not to all of it: a proxy's page, a connection that broke in the
// middle. What has no answer goes again.
var ErrAnswer = errors.New("not an answer to the bulk request")

// How much of an answer is read: 64 KiB, 8 KiB for each document, and six times
// the request, for the values in it that the server repeats with escapes. Without
// filter_path, which a proxy may have removed, an item takes some 250 bytes,
// with an error some 600. Little of that is held at a time: see [shortener].
const (
	maxAnswer = 64 << 10
	maxItem   = 8 << 10
	maxRepeat = 6
)

// readAnswer gives the records their answers. size is the batch's, sent how many
// of it are in the request, those without an answer in answers, and length the
// request's length.
//
// An answer that is cut off counts as far as it goes: it was said about these
// documents, and to send them again would only bring it about once more.
func readAnswer(body io.Reader, mask func(string) string, answers *transport.Answers, size, sent, length int) error {
	r := reader{answers: answers, mask: mask, sent: sent}
	limit := maxAnswer + maxItem*int64(sent) + maxRepeat*int64(length)
	err := r.read(json.NewDecoder(&shortener{r: io.LimitReader(body, limit)}))
	switch {
	case err == nil && r.taken == sent:
		return nil
	case err == nil || r.taken > sent:
		// Complete, and not about what was sent.
		return fmt.Errorf("elasticsearch: send: %d answers to %d documents: %w", r.taken, sent, ErrAnswer)
	case r.taken == 0:
		return fmt.Errorf("elasticsearch: send: %w: %w", ErrAnswer, err)
	}
	err = fmt.Errorf("elasticsearch: send: cut off after %d of %d documents: %w: %w", r.taken, sent, ErrAnswer, err)
	for ; r.next < size; r.next++ {
		if answers.At(r.next) == nil {
			answers.Set(r.next, err)
		}
	}
	return nil
}

// reader goes through an answer as it comes, so that one of 5,000 refusals is
// never in memory as a whole.
type reader struct {
	answers *transport.Answers
	mask    func(string) string
	sent    int
	taken   int // items so far
	next    int // the record that the next item is about, or one before it that was not sent
	one     struct{ Create *item }
	item    item // what one points to
}

// errItems: there is no list of items, or not of our kind.
var errItems = errors.New(`no "items" of "create"`)

// read finds the list of items in the outermost object. Whatever else is in it
// is passed over.
func (r *reader) read(dec *json.Decoder) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errItems, err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		if name != "items" {
			var other json.RawMessage
			if err := dec.Decode(&other); err != nil {
				return err
			}
			continue
		}
		if t, err := dec.Token(); err != nil || t != json.Delim('[') {
			return errors.Join(errItems, err)
		}
		for dec.More() {
			if err := r.readItem(dec); err != nil {
				return err
			}
		}
		if _, err := dec.Token(); err != nil {
			return err
		}
	}
	_, err := dec.Token() // the closing brace, or what broke off
	return err
}

// readItem reads one item and gives its record the answer.
func (r *reader) readItem(dec *json.Decoder) error {
	// The same memory for each: nearly all of them are a status and nothing else.
	r.item = item{}
	r.one.Create = &r.item
	if err := dec.Decode(&r.one); err != nil {
		return err
	}
	if r.one.Create == nil || r.item.Status == 0 {
		return errItems
	}
	if r.taken++; r.taken > r.sent {
		return errItems
	}
	for r.answers.At(r.next) != nil { // refused by the encoder: not in the request
		r.next++
	}
	r.answers.Set(r.next, r.item.verdict(r.mask))
	r.next++
	return nil
}
