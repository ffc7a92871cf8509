package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/all"
	"github.com/slogship/slogship/transport/tcp"
)

// Every link of the page leads somewhere.
func TestLinks(t *testing.T) {
	page := string(committed(t, "REFERENCE.md"))
	headings := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(page, -1) {
		headings[anchor(m[1])]++
	}
	links := regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(page, -1)
	for _, m := range links {
		at, within := strings.CutPrefix(m[1], "#")
		if within && headings[at] != 1 {
			t.Errorf("%d headings are %q", headings[at], at)
		}
		if _, err := os.Stat(filepath.Join(root, "route", "config", m[1])); !within && err != nil {
			t.Error(err)
		}
	}
	if len(links) < 100 {
		t.Errorf("%d links: the test has lost its subject", len(links))
	}
}

// What the page says that a type sets is what the type sets.
func TestPresets(t *testing.T) {
	schemes := all.Schemes()
	for name, want := range map[string][]string{
		"tcp": nil, "tcp+tls": {"tls: true"}, "syslog+udp": {"network: udp"}, "otlp+grpc": {"protocol: grpc", "allow_plaintext: true"}, "stdout": nil,
	} {
		if got := presets(schemes[name]); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Fields in a row share a comment, and know which of them they are.
func TestSharedComments(t *testing.T) {
	s := &source{root: root, dirs: map[string]*comments{}}
	send, err := s.fieldDoc(reflect.TypeFor[tcp.Destination](), "SendBuffer")
	if err != nil {
		t.Fatal(err)
	}
	receive, err := s.fieldDoc(reflect.TypeFor[tcp.Destination](), "ReceiveBuffer")
	if err != nil {
		t.Fatal(err)
	}
	if send.text == "" || send.text != receive.text || send.position != 0 || receive.position != 1 || send.shared != 2 || receive.shared != 2 {
		t.Errorf("%+v\n%+v", send, receive)
	}
	// A field with an empty line before it stands alone.
	if alone, err := s.fieldDoc(reflect.TypeFor[tcp.Destination](), "Nagle"); err != nil || alone.shared != 1 {
		t.Errorf("%+v, %v", alone, err)
	}
	// The comment behind a field is its own.
	level, err := s.fieldDoc(reflect.TypeFor[encode.JSONLines](), "Level")
	if err != nil || level.text != "default LevelNames" || level.shared != 1 {
		t.Errorf("%+v, %v", level, err)
	}
}

// The constants of an enumeration are its values, in the file's words.
func TestValues(t *testing.T) {
	s := &source{root: root, dirs: map[string]*comments{}}
	for _, f := range all.Schemes()["tcp"].Fields() {
		if f.Go != "Framing" {
			continue
		}
		got, err := s.valuesOf(&f)
		want := map[string]string{"Newline": "newline", "OctetCounted": "octet_counted", "Length32": "length32", "Null": "null"}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v, %v", got, err)
		}
	}
}
