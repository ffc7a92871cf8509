package main

import (
	"reflect"
	"testing"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/udp"
)

func TestSentences(t *testing.T) {
	for text, want := range map[string][]string{
		"One. Two":                              {"One.", "Two"},
		"Servers (e.g. rsyslog) cut. Default 5": {"Servers (e.g. rsyslog) cut.", "Default 5"},
		`It says "no." Then it goes.`:           {`It says "no."`, "Then it goes."},
		"Default 30 s.":                         {"Default 30 s."},
		"":                                      nil,
	} {
		if got := sentences(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Each way in which this repository's comments state a default.
func TestTakeApart(t *testing.T) {
	alone := func(text string) fieldDoc { return fieldDoc{text, 0, 1} }
	for _, c := range []struct {
		doc  fieldDoc
		want prose
	}{
		{alone("Window is how many. Default 1,000; at most 10,000."), prose{"Window is how many.", "1,000; at most 10,000", false}},
		{alone("Encoder is the format. Default: encode.JSONLines."), prose{"Encoder is the format.", "encode.JSONLines", false}},
		{alone("Addr is it. Required.\n\nMore."), prose{"Addr is it.", "required", true}},
		{alone("Topic is it. Required\nwithout Topics."), prose{"Topic is it.", "required without Topics", false}},
		{alone("MaxAge bounds it; 0: no bound."), prose{"MaxAge bounds it.", "0: no bound", false}},
		{alone("Key is it. \"\": none."), prose{"Key is it.", `"": none`, false}},
		{alone("Durability is it. The zero value is Process."), prose{"Durability is it.", "Process", false}},
		{alone("WhenFull is it. The default is DropOldest, for Power routes Block."), prose{"WhenFull is it.", "DropOldest, for Power routes Block", false}},
		{alone(`Network is "tcp" (the default) or "unix".`), prose{`Network is "tcp" (the default) or "unix".`, `"tcp"`, false}},
		{alone("default LevelNames"), prose{"", "LevelNames", false}},
		{alone("what it is; default 1 MiB"), prose{"what it is.", "1 MiB", false}},
		{alone("Index is it.\n\nIts time counts. Default: none."), prose{"Index is it.", "none", false}},
		{alone("RequireDataStream makes it so."), prose{"RequireDataStream makes it so.", "", false}},
		{alone("AllowPlaintext allows it. The default guest needs none: it is known."), prose{"AllowPlaintext allows it. The default guest needs none: it is known.", "", false}},
		{fieldDoc{"A and B bound it. Defaults 5,000 and 5 MiB; at most 50,000 and 40 MiB.", 1, 2}, prose{"A and B bound it.", "5 MiB; at most 40 MiB", false}},
		{fieldDoc{"A and B. Defaults 5,000 and 5 MiB, which is enough; at most 1 and 2.", 0, 2}, prose{"A and B.", "5,000, which is enough; at most 1", false}},
		{fieldDoc{"Four. Defaults 5 s, 30 s, 1 s and 0, for as long as it works.", 3, 4}, prose{"Four.", "0, for as long as it works", false}},
		{fieldDoc{"Four. Defaults 5 s, 30 s, 1 s and 0, for as long as it works.", 1, 4}, prose{"Four.", "30 s", false}},
		{fieldDoc{"Two. Default 0: as the kernel likes.", 1, 2}, prose{"Two.", "0: as the kernel likes", false}},
	} {
		if got := takeApart(c.doc); got != c.want {
			t.Errorf("%q:\n got %+v\nwant %+v", c.doc.text, got, c.want)
		}
	}
}

// Go's names become a file's, and what only looks like one stays.
func TestTranslate(t *testing.T) {
	s := &source{root: root, dirs: map[string]*comments{}}
	of := func(typ reflect.Type) words {
		w, err := s.newWords(config.FieldsOf(typ), words{"Levels": "levels"})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	stream, datagram := of(reflect.TypeFor[tcp.Destination]()), of(reflect.TypeFor[udp.Destination]())
	for _, c := range []struct {
		words      words
		text, want string
	}{
		{stream, "WindowBytes stay after a break.", "`window_bytes` stay after a break."},
		{stream, "TLS switches TLS on; see TLS.ServerName.", "`tls` switches TLS on; see `tls.server_name`."},
		{stream, "Default is Newline or OctetCounted", "Default is `newline` or `octet_counted`"},
		{stream, "as in encode.JSONLines and [encode.GELF]", "as in `json` and `gelf`"},
		{stream, "the zero encode.RFC5424", "`rfc5424`"},
		{stream, "encode.RFC3164{OmitHost: true} there", "`rfc3164` with `omit_host: true` there"},
		{stream, "see [udp.Destination] and slog.LevelError", "see `udp` and ERROR"},
		{stream, "http.ProxyFromEnvironment", "http.ProxyFromEnvironment"},
		{stream, `what "Addr" says`, `what "Addr" says`},
		{stream, "of Levels around it", "of `levels` around it"},
		{datagram, "Network is it. Default: NoChunks, and Refuse", "`network` is it. Default: `no_chunks`, and `refuse`"},
	} {
		if got := c.words.translate(c.text); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.text, got, c.want)
		}
	}
	if got := stream.value("TLS 1.3"); got != "TLS 1.3" {
		t.Errorf("a default begins with a word in capitals: %s", got)
	}
}

func TestCell(t *testing.T) {
	for text, want := range map[string]string{
		"a|b": `a\|b`, "`a|b`": "`a\\|b`", "<b> `<b>`": "&lt;b> `<b>`", "a_b*": `a\_b\*`,
	} {
		if got := cell(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestAnchor(t *testing.T) {
	for heading, want := range map[string]string{"Encoder json": "encoder-json", "TLS": "tls", "The file!": "the-file"} {
		if got := anchor(heading); got != want {
			t.Errorf("%q: %s", heading, got)
		}
	}
}

// A type that is not of this repository has no comments to read.
func TestForeignType(t *testing.T) {
	s := &source{root: root, dirs: map[string]*comments{}}
	if _, err := s.describe(reflect.TypeFor[reflect.StructField](), nil); err == nil {
		t.Error("no error")
	}
	if _, err := s.fieldDoc(reflect.TypeFor[tcp.Destination](), "NoSuch"); err == nil {
		t.Error("no error for a field that is not there")
	}
}
