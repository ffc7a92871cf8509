package handler

import (
	"log/slog"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
)

// cipher has the keys of a route's segments; nil: there are none.
func (s *sealing) cipher() buffer.Cipher {
	if s.keys == nil {
		return nil
	}
	return crypto.NewSegmentKeys(s.keys)
}

// newLetters returns what encodes the dead letters of routes' own files.
func newLetters(o *Options) (encode.Encoder, error) {
	if !o.EncryptBuffers {
		return encode.JSONLines{}, nil
	}
	all := crypto.Policy{Rules: []crypto.Rule{{Path: letterKey}}}
	sealer, err := all.Compile(o.Keys, &crypto.SealerOptions{Service: o.Resource.Service})
	return sealedLines{sealer: sealer}, err
}

// letterKey is the one field of an encrypted dead letter's line. Its value opens
// to the record as JSON.
const letterKey = "dead_letter"

// sealedLines encodes a record as JSON in which all is one sealed value.
type sealedLines struct {
	encode.JSONLines
	sealer *crypto.Sealer
}

// AppendRecord makes a line like {"dead_letter":"slogseal1.…"}, which package
// crypto's Opener opens.
func (l sealedLines) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	line, err := l.JSONLines.AppendRecord(nil, rec)
	if err != nil {
		return dst, err
	}
	sc := crypto.Scratch{Record: rec.ID}
	a, _ := l.sealer.Top().Attr(&sc, slog.Any(letterKey, encode.JSON(line)))
	dst = append(dst, `{"`+letterKey+`":"`...)
	dst = append(dst, a.Value.String()...) // of a token's alphabet, or a mark
	return append(dst, `"}`...), nil
}
