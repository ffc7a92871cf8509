package deliver

// growAfter is how many batches in a row have to be accepted before the worker
// dares to send larger ones again.
const growAfter = 64

// fit learns what a destination takes in one Send. Without it, a server whose
// limit is below ours would refuse each batch once, after it has crossed the
// network, for ever. It is the worker goroutine's own.
type fit struct {
	max   int // Options.MaxBytes
	bytes int // what the next batch may take
	good  int // batches accepted since bytes changed
}

// tooLarge notes that a Send of this many bytes was refused for its size.
func (f *fit) tooLarge(bytes int) {
	f.bytes = min(f.bytes, max(bytes/2, 1))
	f.good = 0
}

// accepted notes a batch that went through.
func (f *fit) accepted() {
	if f.bytes == f.max {
		return
	}
	if f.good++; f.good >= growAfter {
		f.bytes, f.good = min(2*f.bytes, f.max), 0
	}
}
