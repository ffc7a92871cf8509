package grpc

import "github.com/slogship/slogship/transport"

// OpenWithChunks is Open with requests of another size, so that a test needs few
// records for many requests.
func OpenWithChunks(d Destination, bytes int) (transport.Transport, error) {
	t, err := d.Open()
	if err == nil {
		t.(*sender).chunk = bytes
	}
	return t, err
}
