package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// What parse functions make of what servers write is the record that was
// logged, and the rest is in Fields.
func TestParse(t *testing.T) {
	line := string(good(3, 4))
	var object map[string]any
	if err := json.Unmarshal(good(3, 4), &object); err != nil {
		t.Fatal(err)
	}
	extra := map[string]any{"message": message, "levelno": 20.0, "extra": object}
	for name, e := range map[string]entry{
		"raw":     parseRaw(map[string]any{"raw": line}),
		"message": parseMessage(map[string]any{"msg": line, "facility": "1"}),
		"line":    parseLine(map[string]any{"line": line}),
		"payload": parsePayload(map[string]any{"payload": line}),
		"value":   parseValue(map[string]any{"value": line}),
		"object":  parseObject(object),
		"extra":   parseExtra(extra),
	} {
		if e.ID != "id-3-4" || e.Message != message || e.Producer == nil || *e.Producer != 3 || *e.Seq != 4 || e.Text != text(3, 4) || len(e.Fields) == 0 {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if e := parseMessage(map[string]any{"msg": "not JSON"}); e.Producer != nil || e.Fields["msg"] != "not JSON" {
		t.Errorf("not JSON: %+v", e)
	}
	if e := parseExtra(map[string]any{"error": "x"}); e.Producer != nil {
		t.Errorf("no LogRecord: %+v", e)
	}
}

// The header that headed writes is checked in every field.
func TestHeaded(t *testing.T) {
	rec := encode.Record{Time: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), Message: message}
	got, err := headed{}.AppendRecord(nil, &rec)
	want := "<158>1 2026-01-02T03:04:05.000006Z host.example interop 4711 ID47 " + headData(rec.ID.String()) + " {"
	if err != nil || !strings.HasPrefix(string(got), want) {
		t.Errorf("got %q, %v; want it to begin with %q", got, err, want)
	}
	right := func() map[string]any {
		return map[string]any{"facility": "19", "severity": "6", "appname": "interop", "procid": "4711", "msgid": "ID47",
			"sd": headData("x"), "hostname": "host.example", "time": "2026-01-02T03:04:05.000006+00:00"}
	}
	if err := checkHeader(&entry{ID: "x", Fields: right()}); err != nil {
		t.Error(err)
	}
	for name := range right() {
		wrong := right()
		wrong[name] = "1999"
		if checkHeader(&entry{ID: "x", Fields: wrong}) == nil {
			t.Errorf("a wrong %s passes", name)
		}
	}
}

func TestKafkaRow(t *testing.T) {
	row := kafkaRow("CreateTime:17\x01Partition:2\x01Offset:9\x01level:INFO\x02a:b:c\x01key\x01{\"a\":\"\\u0001\"}\x01")
	if row["time"] != int64(17) || row["partition"] != int64(2) || row["offset"] != int64(9) || row["key"] != "key" || row["value"] != "{\"a\":\"\\u0001\"}\x01" {
		t.Errorf("%q", row)
	}
	if h, _ := row["headers"].(map[string]any); len(h) != 2 || h["level"] != "INFO" || h["a"] != "b:c" {
		t.Errorf("headers %q", h)
	}
	if row := kafkaRow("glued"); row["value"] != "glued" {
		t.Errorf("%q", row)
	}
}

func TestRabbitText(t *testing.T) {
	for _, c := range []struct{ encoding, payload, want string }{{"string", "YWI=", "YWI="}, {"base64", "YWI=", "ab"}} {
		row := map[string]any{"payload": c.payload, "payload_encoding": c.encoding}
		if err := rabbitText(row); err != nil || row["payload"] != c.want {
			t.Errorf("%s: %q, %v", c.encoding, row["payload"], err)
		}
	}
	if rabbitText(map[string]any{"payload": "!", "payload_encoding": "base64"}) == nil {
		t.Error("damaged base64 passes")
	}
}

// fakeLoki has lines of which many share a timestamp.
func fakeLoki(t *testing.T, lines, sharing int) place {
	base := time.Now().UnixNano()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ready" {
			return
		}
		from, _ := strconv.ParseInt(r.URL.Query().Get("start"), 10, 64)
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		var values [][2]string
		for n := 0; n < lines && len(values) < limit; n++ {
			if ts := base + int64(n/sharing); ts >= from {
				values = append(values, [2]string{strconv.FormatInt(ts, 10), "line " + strconv.Itoa(n)})
			}
		}
		result := []any{map[string]any{"stream": map[string]string{"app": "a"}, "values": values}}
		json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"result": result}})
	}))
	t.Cleanup(srv.Close)
	return place{addrs: []string{strings.TrimPrefix(srv.URL, "http://")}}
}

// All pages are read, each line once, in order.
func TestLokiPages(t *testing.T) {
	for _, lines := range []int{0, 7, lokiPage, 2*lokiPage + 5} {
		at := fakeLoki(t, lines, 3)
		next := 0
		err := lokiQuery(func(row map[string]any) entry { return entry{Text: fmt.Sprint(row["line"], row["app"])} })(t.Context(), at, func(e entry) {
			if want := fmt.Sprintf("line %d", next) + "a"; e.Text != want {
				t.Fatalf("got %q, want %q", e.Text, want)
			}
			next++
		})
		if err != nil || next != lines {
			t.Errorf("%d of %d lines, %v", next, lines, err)
		}
	}
}
