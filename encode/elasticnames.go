package encode

import (
	"bytes"
	"log/slog"
	"strings"
	"unicode"
)

// elasticDepth is how deep objects may nest in an index of Elasticsearch and
// OpenSearch (index.mapping.depth.limit, default 20); it refuses what is
// deeper.
const elasticDepth = 20

// ecsNames is the first part of every field's name in ECS 8 (and of the sets
// that 9 has added), and what the programs on the way use on top: Elasticsearch
// its metadata fields, Logstash "@version" and "@metadata", Beats the rest. An
// attribute that has one of them would be refused, or pass for the real one.
// None of these is ever written to.
var (
	ecsNames = reserved{
		"@timestamp", "labels", "message", "tags",
		"agent", "as", "client", "cloud", "code_signature", "container", "data_stream", "destination", "device", "dll", "dns",
		"ecs", "elf", "email", "entity", "error", "event", "faas", "file", "gen_ai", "geo", "group", "hash", "host", "http",
		"interface", "log", "macho", "network", "observer", "orchestrator", "organization", "origin", "os", "package", "pe", "process",
		"registry", "related", "risk", "rule", "server", "service", "source", "span", "threat", "tls", "trace", "transaction",
		"url", "user", "user_agent", "vlan", "volume", "vulnerability", "x509",
		"_id", "_index", "_type", "_source", "_routing", "_version", "_seq_no", "_primary_term", "_field_names", "_ignored", "_ignored_source",
		"_doc_count", "_nested_path", "_size", "_tier", "_data_stream_timestamp", "_feature", "_meta", "_all", "_parent", "_uid",
		"@version", "@metadata", "docker", "fields", "input", "kubernetes",
		truncated,
	}
	ecsTaken = ecsNames.elasticTaken()

	labelNames = reserved{truncated}
	labelTaken = labelNames.taken()
)

// elasticTaken is taken for the names of [elasticHash].
func (n reserved) elasticTaken() (set nameSet) {
	for _, name := range n {
		set.addHash(elasticHash(name))
	}
	return set
}

// elasticAttr is one round of [jsonWriter.attrs] with a name that is fit for
// Elasticsearch. It has a filter of its own: names count as equal if they are
// so once their dots are gone.
func (w *jsonWriter) elasticAttr(dst []byte, attrs []slog.Attr, i int, names *nameSet, own reserved, depth int) []byte {
	v := attrs[i].Value
	if w.lifted != nil && isError(v, w.lifted) {
		return dst
	}
	key := elasticName(attrs[i].Key)
	seen := names.addHash(elasticHash(key))
	dst = append(dst, ',', '"')
	start := len(dst)
	dst = appendKey(dst, key)
	undot(dst[start:])
	if seen || plainLen(key) < len(key) || len(key) > maxKeyLen || numbered(key) {
		if n, write := elasticUse(attrs, i, own); write {
			dst = appendUse(dst, n)
		}
	}
	return w.value(append(dst, '"', ':'), v, depth)
}

// elasticName returns key, or "_" for one that is empty or blank:
// Elasticsearch refuses documents with such names.
func elasticName(key string) string {
	if key == "" || key[0] <= ' ' || key[0] >= 0x80 {
		if allBlank(key) {
			return "_"
		}
	}
	return key
}

// isBlank reports whether r is white space, to Java or to Unicode.
func isBlank(r rune) bool { return unicode.IsSpace(r) || r >= 0x1C && r <= 0x1F }

// allBlank reports whether s holds nothing but white space.
func allBlank(s string) bool { return strings.TrimLeftFunc(s, isBlank) == "" }

// undot makes the dots of a name to "_".
func undot(name []byte) {
	for i, c := range name {
		if c == '.' {
			name[i] = '_'
		}
	}
}

// elasticHash is [nameHash] of the name that key becomes.
func elasticHash(key string) uint32 {
	n := len(key)
	if n == 0 {
		return 0
	}
	sample := [3]byte{key[0], key[n>>1], key[n-1]}
	undot(sample[:])
	h := uint32(n) | uint32(sample[0]|0x20)<<8 | uint32(sample[1]|0x20)<<16 | uint32(sample[2]|0x20)<<24
	return h * 0x9E3779B1 >> 23
}

// elasticUse is [nameUse] for names that are equal once their dots are gone.
func elasticUse(attrs []slog.Attr, i int, own reserved) (n int, write bool) {
	name := elasticName(attrs[i].Key)
	n = 1
	// Only names of its length are in the way of a plain one. One that is cut may
	// be in the way of any that is.
	plain := len(name) <= maxKeyLen && plainLen(name) == len(name)
	for _, taken := range own {
		if (len(taken) == len(name) || !plain) && elasticFold(taken, name) {
			n++
			break
		}
	}
	if own == nil && name == truncated {
		n++
	}
	for _, a := range attrs[:i] {
		other := elasticName(a.Key)
		if (len(other) == len(name) || !plain) && sameKey(other, name, true) {
			n++
		}
	}
	return n, n > 1 || numbered(clip(name, maxKeyLen))
}

// elasticFold reports whether key, once its dots are gone, is name in upper or
// lower case: see [reserved.has]. name has no dots.
func elasticFold(name, key string) bool {
	for {
		i, j := strings.IndexByte(name, '_'), strings.IndexAny(key, "._")
		if i < 0 || j < 0 {
			return i == j && strings.EqualFold(name, key)
		}
		if !strings.EqualFold(name[:i], key[:j]) {
			return false
		}
		name, key = name[i+1:], key[j+1:]
	}
}

// elasticQuoted makes a name within JSON text fit for Elasticsearch. The name
// begins at start, behind its quote, and ends dst with the other one.
func elasticQuoted(dst []byte, start int) []byte {
	name := dst[start : len(dst)-1]
	if len(bytes.TrimFunc(name, isBlank)) == 0 {
		return append(dst[:start], '_', '"')
	}
	undot(name)
	if bytes.IndexByte(name, '\\') >= 0 { // a dot, or all of it, may be an escape
		return append(dst[:start], escapedName(name)...)
	}
	return dst
}

// escapedName is the rare rest of [elasticQuoted], with its closing quote.
func escapedName(name []byte) []byte {
	name = bytes.ReplaceAll(name, []byte(`\u002e`), []byte("_"))
	rest := name
	for _, blank := range []string{`\t`, `\n`, `\r`, `\f`, `\u000b`, `\u001c`, `\u001d`, `\u001e`, `\u001f`, `\u0085`, `\u2028`, `\u2029`} {
		rest = bytes.ReplaceAll(rest, []byte(blank), nil)
	}
	if len(bytes.TrimLeftFunc(rest, isBlank)) == 0 {
		return []byte(`_"`)
	}
	return append(name[:len(name):len(name)], '"')
}
