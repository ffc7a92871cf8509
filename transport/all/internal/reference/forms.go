package main

// urlForm is how the URL of a scheme is made. What stands in braces is the
// reader's.
type urlForm struct {
	pattern string // "" for schemes without a URL
	example string
	note    string
}

// forms has one for each scheme; a test sees to it, and opens every example.
func forms() map[string]urlForm {
	return map[string]urlForm{
		"tcp":                 {"tcp://{host}:{port}", "tcp://logs.example.com:5170?framing=null", ""},
		"tcp+tls":             {"tcp+tls://{host}:{port}", "tcp+tls://logs.example.com:6514?tls.server_name=logs", ""},
		"unix":                {"unix://{/path}", "unix:///run/collector.sock?encoder=logfmt", "a stream socket"},
		"udp":                 {"udp://{host}:{port}", "udp://graylog.example.com:12201?encoder=gelf&chunks=gelf", ""},
		"unixgram":            {"unixgram://{/path}", "unixgram:///run/collector.sock", "a datagram socket; not on Windows"},
		"syslog":              {"syslog://{host}[:{port}]", "syslog://logserver.example.com", "TCP with octet counting; port 514"},
		"syslog+tls":          {"syslog+tls://{host}[:{port}]", "syslog+tls://logserver.example.com", "port 6514 (RFC 5425)"},
		"syslog+udp":          {"syslog+udp://{host}[:{port}]", "syslog+udp://logserver.example.com?max_message=4KiB", "port 514 (RFC 5426)"},
		"syslog+unix":         {"syslog+unix://[{/path}]", "syslog+unix:///dev/log", "this machine's daemon; without a path it is looked for"},
		"relp":                {"relp://{host}:{port}", "relp://rsyslog.example.com:2514?window=500", ""},
		"relp+tls":            {"relp+tls://{host}:{port}", "relp+tls://rsyslog.example.com:2514", ""},
		"lumberjack":          {"lumberjack://{host}[:{port}][,{host}…]", "lumberjack://logstash-1.example.com,logstash-2.example.com", "port 5044"},
		"lumberjack+tls":      {"lumberjack+tls://{host}[:{port}][,{host}…]", "lumberjack+tls://logstash.example.com:5045?beat=shop", "port 5044"},
		"grpc":                {"grpc://{host}:{port}", "grpc://receiver.example.com:4320?max_in_flight=8", ""},
		"grpc+tls":            {"grpc+tls://{host}:{port}", "grpc+tls://receiver.example.com:4320", ""},
		"grpcs":               {"grpcs://{host}:{port}", "grpcs://receiver.example.com:4320", "the same as grpc+tls"},
		"amqp":                {"amqp://[{user}:{password}@]{host}[:{port}][,{host}…][/{vhost}]", "amqp://rabbit.example.com/shop?exchange=logs", "port 5672; a password needs allow_plaintext=true"},
		"amqps":               {"amqps://[{user}:{password}@]{host}[:{port}][,{host}…][/{vhost}]", "amqps://shop:secret@rabbit.example.com/shop?exchange=logs&routing_key=all", "port 5671"},
		"kafka":               {"kafka://[{user}:{password}@]{host}[:{port}][,{host}…][/{topic}]", "kafka://b1,b2/topic?acks=all", "port 9092; acks=all is what is always asked for and may be said"},
		"kafka+tls":           {"kafka+tls://[{user}:{password}@]{host}[:{port}][,{host}…][/{topic}]", "kafka+tls://shop:secret@b1:9093,b2:9093/logs?compression=zstd", "port 9092"},
		"https":               {"https://[{user}:{password}@]{host}[:{port}][{/path}]", "https://ingest.example.com/v1/logs?compression=zstd", "parameters that are meant for the server need the long form"},
		"http":                {"http://{host}[:{port}][{/path}]", "http://127.0.0.1:9428/insert/jsonline", "refuses credentials"},
		"elasticsearch+https": {"elasticsearch+https://[{user}:{password}@]{host}[:{port}][,{host}…][{/path}]", "elasticsearch+https://es1.example.com:9200,es2.example.com:9200?index=logs-shop-default", ""},
		"elasticsearch+http":  {"elasticsearch+http://{host}[:{port}][,{host}…][{/path}]", "elasticsearch+http://localhost:9200", "refuses credentials"},
		"loki+https":          {"loki+https://[{user}:{password}@]{host}[:{port}][{/path}]", "loki+https://12345:secret@logs.example.com?level_label=true", ""},
		"loki+http":           {"loki+http://{host}[:{port}][{/path}]", "loki+http://localhost:3100?tenant=shop", "refuses credentials"},
		"otlp":                {"otlp://{host}[:{port}][{/path}]", "otlp://localhost", "port 4318"},
		"otlp+https":          {"otlp+https://[{user}:{password}@]{host}[:{port}][{/path}]", "otlp+https://collector.example.com/otlp", "port 443"},
		"otlp+grpc":           {"otlp+grpc://{host}[:{port}]", "otlp+grpc://localhost", "port 4317"},
		"otlp+grpcs":          {"otlp+grpcs://{host}[:{port}]", "otlp+grpcs://collector.example.com:4317", "port 443"},
		"sentry":              {"sentry://{key}@{host}[:{port}]/{project}", "sentry://0123456789abcdef@sentry.example.com/42?mode=both", "the DSN with another scheme"},
		"sentry+http":         {"sentry+http://{key}@{host}[:{port}]/{project}", "sentry+http://0123456789abcdef@127.0.0.1:8000/1", "the DSN with another scheme"},
		"file":                {"file://{/path}", "file:///var/log/x.json?max_size=100MB", "a path from the working directory needs the long form"},
		"journald":            {"journald://[{/path}]", "journald", "Linux only"},
		"stdout":              {"stdout", "stdout", ""},
		"stderr":              {"stderr", "stderr?encoder=logfmt", ""},
	}
}
