package otlp

import (
	"github.com/slogship/slogship/encode"
)

// builder writes an ExportLogsServiceRequest
// (opentelemetry/proto/collector/logs/v1/logs_service.proto), record by record:
//
//	ExportLogsServiceRequest { repeated ResourceLogs resource_logs = 1; }
//	ResourceLogs             { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
//	ScopeLogs                { InstrumentationScope scope = 1; repeated LogRecord log_records = 2; }
//
// Records keep their order: a resource or scope that comes back gets another
// envelope. To sort them would put a batch's second half before its first.
type builder struct {
	service string // service.name where a resource has none
	limit   int    // bytes of a request
	names   names  // of the attributes of one record

	dst      []byte
	start    int
	resource *encode.Resource // of the open envelope; nil: none is open
	resAt    int
	scope    string
	scopeAt  int // 0: none is open
}

// envelopes is what the lengths of the envelopes may take beyond their room.
const envelopes = 16

// begin starts a request at the end of dst.
func (b *builder) begin(dst []byte) {
	b.dst, b.start, b.resource, b.scopeAt = dst, len(dst), nil, 0
}

// add appends rec. Envelopes are told apart by the resource's pointer, which is one
// for all records of a Send that have the same, so nothing is compared. The bytes
// before undo are whole when it gives up: closing an envelope is never wrong, since
// what comes next opens another one.
//
// It reports false, and leaves the request as it was, if it then
// were beyond the limit.
func (b *builder) add(rec *encode.Record) bool {
	anew := b.resource == nil || b.resource != rec.Resource
	other := anew || b.scopeAt == 0 || b.scope != rec.Scope
	if other {
		b.closeScope()
	}
	if anew {
		b.closeResource()
	}
	undo := len(b.dst)
	if anew {
		b.openResource(rec.Resource)
	}
	if other {
		b.openScope(rec.Scope)
	}
	b.dst = b.record(b.dst, rec)
	if len(b.dst)-b.start+envelopes <= b.limit {
		return true
	}
	b.dst = b.dst[:undo]
	if other {
		b.scopeAt = 0
	}
	if anew {
		b.resource = nil
	}
	return false
}

// end completes the request, which takes the bytes from start on.
func (b *builder) end() []byte {
	b.closeScope()
	b.closeResource()
	dst := b.dst
	b.dst = nil
	return dst
}

// closeScope ends the open ScopeLogs, whose length is known now.
func (b *builder) closeScope() {
	if b.scopeAt != 0 {
		b.dst = roomBatch.close(b.dst, b.scopeAt)
		b.scopeAt = 0
	}
}

// closeResource ends the open ResourceLogs, after its last ScopeLogs.
func (b *builder) closeResource() {
	if b.resource != nil {
		b.dst = roomBatch.close(b.dst, b.resAt)
		b.resource = nil
	}
}

// openResource begins a ResourceLogs with its Resource, which is encoded anew for
// each request: a cache would have to compare contents, and a request has one or
// two of them beside hundreds of records.
func (b *builder) openResource(r *encode.Resource) {
	b.resource = r
	b.dst, b.resAt = roomBatch.open(b.dst, 1)
	dst, at := roomRecord.open(b.dst, 1)
	b.dst = roomRecord.close(b.appendResource(dst, r), at)
}

// openScope writes no InstrumentationScope for a record without a scope.
func (b *builder) openScope(scope string) {
	b.scope = scope
	b.dst, b.scopeAt = roomBatch.open(b.dst, 2)
	if scope != "" {
		dst, at := roomSmall.open(b.dst, 1)
		b.dst = roomSmall.close(appendText(dst, 1, valid(scope)), at)
	}
}

// appendResource appends the content of a Resource: field 1 is its attributes.
// What is unknown is left out, but for service.name, which a resource must have
// (https://opentelemetry.io/docs/specs/semconv/resource/#service).
func (b *builder) appendResource(dst []byte, r *encode.Resource) []byte {
	b.names.reset()
	for _, f := range resourceFields(r) {
		if f.key == resService && f.value == "" {
			f.value = b.service
		}
		if f.value != "" {
			dst = appendTextPair(dst, 1, f.key, valid(f.value))
		}
		b.names.take(f.key)
	}
	if r.PID != 0 {
		dst = appendIntPair(dst, 1, "process.pid", int64(r.PID))
	}
	b.names.take("process.pid")
	return b.pairs(dst, 1, r.Attrs, &b.names, 1)
}

const resService = "service.name"

// resourceFields are r's own under OpenTelemetry's names.
func resourceFields(r *encode.Resource) [5]pair {
	return [...]pair{
		{resService, r.Service}, {"service.version", r.Version}, {"deployment.environment.name", r.Environment},
		{"service.instance.id", r.Instance}, {"host.name", r.Host},
	}
}
