// Package all knows every destination of this repository by the scheme of its
// URL, for files that name them:
//
//	cfg, err := config.Load("logging.yaml", &config.Options{Schemes: all.Schemes()})
//
// It is a module of its own, since it links the client libraries of all
// adapters: a program with it has 20 MB (Linux, amd64, stripped), and one that
// knows tcp alone 8 MB. Who needs only a few destinations makes a map of their
// own, with a line for each:
//
//	config.Schemes{"tcp": config.SchemeOf(func(d *tcp.Destination, u *url.URL) error { d.Addr = u.Host; return nil })}
//
// # URLs
//
// Authority, path and user information mean what they usually do for a
// protocol; every query parameter is a field of the destination, by the key that
// it has in the long form as well:
//
//	tcp://logs.prod:5170?framing=null&write_timeout=10s
//	kafka://b1,b2:9093/orders?acks=all&compression=zstd
//	amqps://shop:secret@rabbit.prod/vhost?exchange=logs
//
// A scheme also says whether the network can read along: one that ends in "s" or
// in "+tls" speaks TLS, with the defaults of package tlsconfig, and so does
// sentry, whose DSNs are https; the others do not. So http, loki+http and their like need no allow_plaintext, which the
// https adapter asks for so that nobody sends records in the clear by a slip in
// an address. Credentials in the clear are refused all the same; where an
// adapter can be told to send them (amqp, kafka, grpc), the file has to say so.
//
// Several hosts are separated by commas; IPv6 addresses among several need the
// long form. route/config/REFERENCE.md, made by go generate, has every scheme
// and every key.
package all

//go:generate go run ./internal/reference
